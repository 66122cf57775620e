"""Does raw still hold what the ledger says? A power loss can take parts of raw that were not yet on disk.

Lines are counted of every load each time: that reads two columns. The checksum reads the lines themselves (about a
second per million), so it is taken of the last CHECKSUM_DAYS and of a thirtieth of the older days, another each night.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched

from clickhouse_connect.driver.client import Client

from orchestration.loading.lake.objects import RAW_TABLES, Lake
from orchestration.loading.lake.versions import is_in_lake
from orchestration.loading.ledger.entries import CHECKSUM, server_now
from orchestration.loading.ledger.revoke import revoke

CHECKSUM_DAYS = 7
"""A machine that lost power, or a disk that fails, shows in what was written last."""
SLICES = 30
"""Every older day is read once in so many nights."""
KEYS_PER_QUERY = 500
"""Keys are parameters of a query, and ClickHouse takes 128 KiB of one."""
PIECE_LINES = 20_000_000
"""Lines of one query: about 20 s when they are read, and memory for their objects only."""


@dataclass(frozen=True)
class Damage:
    """A commit whose rows in raw are not those it was made of."""

    load_id: str
    object_id: str
    key: str
    etag: str
    size_bytes: int
    last_modified: datetime
    is_live: bool
    detail: str


def find_damages(client: Client, now: datetime | None = None, reads_lines: bool = True) -> list[Damage]:
    """Commits that count and whose lines in raw differ, in number or (if it may read lines) in checksum."""
    now = now or server_now(client)
    damages = []
    for kind, first, last, has_checksum in _pieces(client, now):
        damages += _compare(client, kind, first, last, reads_lines and has_checksum)
    live = _live_among(client, damages)
    return [Damage(*row, is_live=(row[0], row[1]) in live, detail=detail) for row, detail in damages]


def repair(client: Client, lake: Lake, damages: list[Damage]) -> list[Damage]:
    """Revoke the damaged commits whose objects can be read again, so that they are due; returns those revoked.

    A live object that the lake no longer has keeps its commit: what is left of it is better than nothing. One that is
    not live goes in any case, as it must never become live as it is.
    """
    repairable = [damage for damage in damages if not damage.is_live or is_in_lake(lake, damage)]
    for damage in repairable:
        revoke(client, [(damage.load_id, damage.object_id)], "damaged", damage.detail)
    return repairable


def _pieces(client: Client, now: datetime) -> Iterator[tuple[str, str, str, bool]]:
    """(kind, first load_id, last load_id, whether to read the lines): runs of loads in the order of raw."""
    rows = client.query(
        """
        select
            kind,
            load_id,
            sum(line_count),
            max(committed_at) >= {recent:DateTime64(3)}
            or (toRelativeDayNum(max(committed_at)) - toRelativeDayNum({now:DateTime64(3)})) % {slices:Int32} = 0
        from ops.standing_commits
        group by kind, load_id
        order by kind, load_id
        """,
        parameters={"recent": now - timedelta(days=CHECKSUM_DAYS), "now": now, "slices": SLICES},
    ).result_rows
    kind, first, last, lines, has_checksum = "", "", "", 0, False
    for row in rows:
        if first and (row[0], bool(row[3])) == (kind, has_checksum) and lines + row[2] <= PIECE_LINES:
            last, lines = row[1], lines + row[2]
            continue
        if first:
            yield kind, first, last, has_checksum
        kind, first, last, lines, has_checksum = row[0], row[1], row[1], row[2], bool(row[3])
    if first:
        yield kind, first, last, has_checksum


def _compare(client: Client, kind: str, first: str, last: str, has_checksum: bool) -> list[tuple[tuple, str]]:
    """(columns of Damage, what differs) of the commits between these load_ids."""
    checksum = CHECKSUM if has_checksum else "toUInt64(0)"
    rows = client.query(
        f"""
        select
            committed.load_id, committed.object_id, committed.object_key, committed.etag, committed.size_bytes,
            committed.last_modified, committed.line_count, committed.checksum, found.line_count, found.checksum
        from (
            select distinct load_id, object_id, object_key, etag, size_bytes, last_modified, line_count, checksum
            from ops.standing_commits
            where kind = {{kind:String}} and load_id >= {{first:String}} and load_id <= {{last:String}}
        ) as committed
        left join (
            select load_id, object_id, count() as line_count, {checksum} as checksum
            from {RAW_TABLES[kind]}
            where load_id >= {{first:String}} and load_id <= {{last:String}}
            group by load_id, object_id
        ) as found on found.load_id = committed.load_id and found.object_id = committed.object_id
        where committed.line_count != found.line_count
            or ({{has_checksum:Bool}} and committed.checksum != found.checksum)
        order by committed.object_key
        """,
        parameters={"kind": kind, "first": first, "last": last, "has_checksum": has_checksum},
    ).result_rows
    return [(row[:6], _difference(RAW_TABLES[kind], *row[6:])) for row in rows]


def _difference(table: str, lines: int, checksum: int, found_lines: int, found_checksum: int) -> str:
    if lines != found_lines:
        return f"the ledger has {lines} lines, {table} has {found_lines}"
    return f"{lines} lines as in the ledger, but {table} has others: checksum {found_checksum}, expected {checksum}"


def _live_among(client: Client, damages: list[tuple[tuple, str]]) -> set[tuple[str, str]]:
    live: set[tuple[str, str]] = set()
    for some in batched(damages, KEYS_PER_QUERY):
        live |= set(
            client.query(
                "select load_id, object_id from ops.live_objects where object_key in {keys:Array(String)}",
                parameters={"keys": [row[2] for row, _ in some]},
            ).result_rows
        )
    return live
