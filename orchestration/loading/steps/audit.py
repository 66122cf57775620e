"""Step 4, audit: what was read is what was planned, object by object, before anything is committed."""

from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from orchestration.loading.errors import LoadError
from orchestration.loading.lake.objects import LINES, Drop, Lake
from orchestration.loading.ledger.entries import CHECKSUM
from orchestration.loading.steps.land import BLANK_LINE, LAND_SETTINGS, lake_source
from orchestration.settings import Settings

_NUMBERS = ("line_count", "first_line", "last_line", "number_sum")
_NUMBERS_OF = (
    "count() as line_count, min({number}) as first_line, max({number}) as last_line, sum({number}) as number_sum"
)


@dataclass(frozen=True)
class Landed:
    """What an attempt read of one object."""

    drop: Drop
    line_count: int = 0
    rejected_count: int = 0
    line_bytes: int = 0
    checksum: int = 0
    first_line: int = 1
    """Number of the first line that is not blank."""

    @property
    def form(self) -> str:
        return self.drop.form

    @property
    def has_more(self) -> bool:
        return self.drop.has_more


@dataclass(frozen=True)
class RefusedObject:
    """An object that this attempt must not commit, and why."""

    drop: Drop
    code: str
    message: str
    is_permanent: bool = False


def audit(
    client: Client, lake: Lake, settings: Settings, load_id: str, batch: list[Drop]
) -> tuple[list[Landed], list[RefusedObject]]:
    """Compare the attempt with its plan: the set of objects, their etags, and whole runs of line numbers."""
    counted = _read_back(client, load_id, batch)
    gaps = [drop for drop in batch if drop.object_id in counted and not _is_run(counted[drop.object_id])]
    numbers = _numbers_in_lake(client, settings, gaps)
    nameless = _keys_without_object(client, load_id, batch)
    strays = nameless - {drop.key for drop in batch}
    if strays:
        raise LoadError(
            f"Load {load_id} read objects that were not planned, {min(strays)!r} first. Nothing was committed. "
            "A key of the batch must have acted as a pattern: see ops.load_plan for its keys."
        )
    landed, refused = [], []
    for drop in batch:
        result = _judge(drop, counted.get(drop.object_id), numbers.get(drop.path), drop.key in nameless, lake)
        (landed if isinstance(result, Landed) else refused).append(result)
    return landed, refused


def _judge(drop: Drop, row: dict | None, numbers: dict | None, has_changed: bool, lake: Lake) -> Landed | RefusedObject:
    """`numbers` are those that the lines must have, when they are not a run from 1."""
    if has_changed:
        return RefusedObject(drop, "changed_while_read", "The object was overwritten between the listing and the read.")
    if row is None:
        return _judge_empty(drop, lake)
    if not _is_run(row) and (numbers is None or any(row[name] != numbers[name] for name in _NUMBERS)):
        return RefusedObject(
            drop,
            "incomplete_read",
            f"{row['line_count']} lines arrived, numbered {row['first_line']} to {row['last_line']}; expected every "
            "number from 1 once, but for blank lines.",
        )
    return Landed(drop, row["line_count"], row["rejected_count"], row["line_bytes"], row["checksum"], row["first_line"])


def _is_run(row: dict) -> bool:
    return row["first_line"] == 1 and row["last_line"] == row["line_count"]


def _numbers_in_lake(client: Client, settings: Settings, drops: list[Drop]) -> dict[str, dict]:
    """Of objects of lines, by path: the numbers of those that are not blank, read from the lake again.

    Asked only of objects that have blank lines, or were read badly: their rows alone do not tell which.
    """
    if not drops or drops[0].form != LINES:
        return {}
    source, parameters = lake_source(settings.lake, [drop.key for drop in drops], LINES, drops[0].packing)
    result = client.query(
        f"""
        select found._path as path, {_NUMBERS_OF.format(number="found._row_number + 1")}
        from {source} as found
        where not match(found.line, {{blank:String}})
        group by path
        """,
        parameters={"blank": BLANK_LINE, **parameters},
        settings=LAND_SETTINGS,
    )
    return {row["path"]: row for row in result.named_results()}


def _judge_empty(drop: Drop, lake: Lake) -> Landed | RefusedObject:
    """No line came: true of an empty object, unless it changed meanwhile (no row carries its etag to tell)."""
    now = lake.head_object(drop.key)
    if now is None:
        return RefusedObject(drop, "gone", "The object was deleted between the listing and the read.")
    if (now.etag, now.size_bytes) != (drop.etag, drop.size_bytes):
        return RefusedObject(drop, "changed_while_read", "The object was overwritten between the listing and the read.")
    return Landed(drop)


def _read_back(client: Client, load_id: str, batch: list[Drop]) -> dict[str, dict]:
    """Totals of the attempt's rows by object_id, from what was written; its key is the plan's, and is not read."""
    result = client.query(
        f"""
        select
            object_id,
            countIf(reject != '') as rejected_count,
            {_NUMBERS_OF.format(number="line_number")},
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
    """Keys of the rows that `land` gave no object: their etag was not the planned one, or they were not planned."""
    rows = client.query(
        f"select distinct object_key from {batch[0].table} where load_id = {{load_id:String}} and object_id = ''",
        parameters={"load_id": load_id},
    ).result_rows
    return {row[0] for row in rows}
