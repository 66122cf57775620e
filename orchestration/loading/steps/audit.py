"""Step 4, audit: what was read is what was planned, object by object, before anything is committed."""

from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from orchestration.loading.errors import LoadError
from orchestration.loading.lake.objects import Drop, Lake

CHECKSUM = "sum(cityHash64(line_number, line))"
"""What the ledger keeps of an object's lines, and `reconcile` compares raw with."""


@dataclass(frozen=True)
class Landed:
    """What an attempt read of one object."""

    drop: Drop
    line_count: int = 0
    rejected_count: int = 0
    line_bytes: int = 0
    checksum: int = 0

    @property
    def form(self) -> str:
        return self.drop.form


@dataclass(frozen=True)
class Refused:
    """An object that this attempt must not commit, and why."""

    drop: Drop
    code: str
    message: str
    is_permanent: bool = False


def audit(client: Client, lake: Lake, load_id: str, batch: list[Drop]) -> tuple[list[Landed], list[Refused]]:
    """Compare the attempt with its plan: the set of objects, their etags, and whole runs of line numbers."""
    found = _read_back(client, load_id, batch)
    nameless = _keys_without_object(client, load_id, batch)
    strays = nameless - {drop.key for drop in batch}
    if strays:
        raise LoadError(
            f"Load {load_id} read objects that were not planned, {min(strays)!r} first. Nothing was committed. "
            "A key of the batch must have acted as a pattern: see ops.load_plan for its keys."
        )
    landed, refused = [], []
    for drop in batch:
        result = _judge(drop, found.get(drop.object_id), drop.key in nameless, lake)
        (landed if isinstance(result, Landed) else refused).append(result)
    return landed, refused


def _judge(drop: Drop, row: dict | None, has_changed: bool, lake: Lake) -> Landed | Refused:
    if has_changed:
        return Refused(drop, "changed_while_read", "The object was overwritten between the listing and the read.")
    if row is None:
        return _judge_empty(drop, lake)
    if row["first_line"] != 1 or row["last_line"] != row["line_count"]:
        return Refused(
            drop,
            "incomplete_read",
            f"{row['line_count']} lines arrived, numbered {row['first_line']} to {row['last_line']}; expected every "
            "number from 1 once.",
        )
    return Landed(drop, row["line_count"], row["rejected_count"], row["line_bytes"], row["checksum"])


def _judge_empty(drop: Drop, lake: Lake) -> Landed | Refused:
    """No line came: true of an empty object, unless it changed meanwhile (no row carries its etag to tell)."""
    now = lake.head_object(drop.key)
    if now is None:
        return Refused(drop, "gone", "The object was deleted between the listing and the read.")
    if (now.etag, now.size_bytes) != (drop.etag, drop.size_bytes):
        return Refused(drop, "changed_while_read", "The object was overwritten between the listing and the read.")
    return Landed(drop)


def _read_back(client: Client, load_id: str, batch: list[Drop]) -> dict[str, dict]:
    """Totals of the attempt's rows by object_id, from what was written; its key is the plan's, and is not read."""
    result = client.query(
        f"""
        select
            object_id,
            count() as line_count,
            countIf(reject != '') as rejected_count,
            min(line_number) as first_line,
            max(line_number) as last_line,
            sum(length(line)) as line_bytes,
            {CHECKSUM} as checksum
        from {batch[0].table}
        where load_id = {{load_id:String}} and object_id != ''
        group by object_id
        """,
        parameters={"load_id": load_id},
        # Left alone, an engine with less than 4 GiB free reads with one thread (see `land.LAND_SETTINGS`).
        settings={"max_threads": 2, "max_threads_min_free_memory_per_thread": 0},
    )
    return {row["object_id"]: row for row in result.named_results()}


def _keys_without_object(client: Client, load_id: str, batch: list[Drop]) -> set[str]:
    """Keys of the rows that `land` gave no object: their etag was not the planned one, or nobody planned them."""
    rows = client.query(
        f"select distinct object_key from {batch[0].table} where load_id = {{load_id:String}} and object_id = ''",
        parameters={"load_id": load_id},
    ).result_rows
    return {row[0] for row in rows}
