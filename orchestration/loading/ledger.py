"""What the ledger knows: which objects are committed, which have failed, and rows written to it.

Rows reach `ops` in one block each, synchronously: a block becomes one part, and a part is there or not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from clickhouse_connect.driver.client import Client

from orchestration.loading.objects import Drop

MAX_TRIES = 3
"""A retryable failure parks its object at this try. More tries cost a whole bisection of their batch each."""
RETRY_AFTER_SECONDS = (60, 300)
"""Pause after the first and the second failure: longer than a restart of the lake, shorter than a schedule's night."""

DROP_COLUMNS = ("object_id", "kind", "source", "bucket", "object_key", "etag", "size_bytes", "last_modified")


@dataclass(frozen=True)
class Failure:
    """How an object has failed so far."""

    object_id: str
    tries: int
    is_permanent: bool
    code: str
    message: str
    failed_at: datetime

    @property
    def is_parked(self) -> bool:
        return self.is_permanent or self.tries >= MAX_TRIES

    def waits_at(self, now: datetime) -> bool:
        """Whether the pause before the next try is still running."""
        if self.is_parked:
            return False
        return (now - self.failed_at).total_seconds() < RETRY_AFTER_SECONDS[self.tries - 1]


def drop_values(drop: Drop) -> list:
    """The drop as values of DROP_COLUMNS."""
    return [
        drop.object_id,
        drop.kind,
        drop.source,
        drop.bucket,
        drop.key,
        drop.etag,
        drop.size_bytes,
        drop.last_modified,
    ]


def insert_rows(client: Client, table: str, columns: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Write rows into a table of `ops` as one block."""
    rows = list(rows)
    if rows:
        client.insert(table, rows, column_names=list(columns), database="ops", settings={"async_insert": 0})


def committed_ids(client: Client, object_ids: Sequence[str] | None = None) -> set[str]:
    """Objects with a commit that was not revoked; of the given ones, or of all."""
    among = "" if object_ids is None else "object_id in {object_ids:Array(String)} and "
    rows = client.query(
        f"select distinct object_id from ops.load_commits where {among}"
        "(load_id, object_id) not in (select load_id, object_id from ops.load_revocations)",
        parameters={"object_ids": list(object_ids or ())},
    ).result_rows
    return {row[0] for row in rows}


def failures(client: Client) -> dict[str, Failure]:
    """Every object that failed at least once, with its latest cause."""
    rows = client.query(
        "select object_id, count(), max(is_permanent), argMax(code, failed_at), argMax(message, failed_at), "
        "max(failed_at) from ops.object_failures group by object_id"
    ).result_rows
    return {row[0]: Failure(row[0], int(row[1]), bool(row[2]), row[3], row[4], row[5]) for row in rows}
