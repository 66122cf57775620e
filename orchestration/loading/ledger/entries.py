"""What the ledger knows: which objects are committed, which have failed, and rows written to it.

Rows reach `ops` in one block each, synchronously: a block becomes one part, and a part is there or not.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched

from clickhouse_connect.driver.client import Client

from orchestration.loading.lake.objects import Drop

MAX_TRIES = 3
"""A retryable failure parks its object at this try. More tries cost a whole bisection of their batch each."""
RETRY_AFTER_SECONDS = (60, 300, 3600, 6 * 3600, 24 * 3600)
"""Pause after the first, second … failure; after the last one every time. A minute is longer than a restart of the
lake; parked objects are tried again because an outage may outlast any three tries."""

MAX_IDS = 3_000
"""Object ids of one question. A ClickHouse server takes 128 KiB as one parameter (http_max_field_value_size); an id
with its quotes and comma is 35 bytes."""

CHECKSUM = "sum(cityHash64(line_number, line))"
"""What the ledger keeps of an object's lines, as SQL over them in raw."""

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
    next_retry_at: datetime | None = None
    """When it is due again; None: now, or never when the failure is permanent."""

    def waits_at(self, now: datetime) -> bool:
        """Whether the pause before the next try is still running."""
        return self.is_permanent or (self.next_retry_at is not None and now < self.next_retry_at)

    @property
    def is_given_up(self) -> bool:
        """Whether it is parked from this failure on, if only until the next try."""
        return self.is_permanent or self.tries >= MAX_TRIES

    def is_parked_at(self, now: datetime) -> bool:
        """Whether it is parked still; an object whose next try has come is due."""
        return self.is_given_up and self.waits_at(now)


def next_retry_at(tries: int, failed_at: datetime) -> datetime:
    """When an object that failed this often in a row is tried again."""
    return failed_at + timedelta(seconds=RETRY_AFTER_SECONDS[min(tries, len(RETRY_AFTER_SECONDS)) - 1])


def server_now(client: Client) -> datetime:
    """The engine's time: the one clock of the protocol. A loader's own may be wrong, and two loaders have two."""
    return client.query("select now64(3, 'UTC')").result_rows[0][0]


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
    """Write rows into a table of `ops` as one block, once.

    `client.insert` sends its rows again when the connection breaks before the reply: the engine may have them already.
    `client.command` repeats no statement that writes.
    """
    lines = [json.dumps(dict(zip(columns, row, strict=True)), default=_as_text) for row in rows]
    if lines:
        statement = f"insert into ops.{table} ({', '.join(columns)}) format JSONEachRow"
        client.command(statement, data="\n".join(lines).encode(), settings={"async_insert": 0})


def _as_text(moment: datetime) -> str:
    """JSON has no moments; everything else in a row it knows."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:23]


def first_load_id(moment: datetime) -> str:
    """No load_id made from this moment on is less: they are UUIDv7, which begin with their time."""
    digits = f"{int(moment.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}"


def committed_ids(client: Client, object_ids: Sequence[str]) -> set[str]:
    """Those of the given objects that have a commit which was not revoked."""
    committed = set()
    for some in batched(object_ids, MAX_IDS):
        rows = client.query(
            "select distinct object_id from ops.load_commits where object_id in {object_ids:Array(String)} "
            "and (load_id, object_id) not in "
            "(select load_id, object_id from ops.load_revocations where object_id in {object_ids:Array(String)})",
            parameters={"object_ids": list(some)},
        ).result_rows
        committed |= {row[0] for row in rows}
    return committed


def failures(client: Client, object_ids: Sequence[str]) -> dict[str, Failure]:
    """How those of the given objects that failed have failed last."""
    failed = {}
    for some in batched(object_ids, MAX_IDS):
        rows = client.query(
            "select object_id, tries, is_permanent, code, message, failed_at, next_retry_at from ops.object_failures "
            "where object_id in {object_ids:Array(String)} "
            "order by object_id, failed_at desc, tries desc limit 1 by object_id",
            parameters={"object_ids": list(some)},
        ).result_rows
        failed |= {row[0]: Failure(row[0], int(row[1]), bool(row[2]), *row[3:]) for row in rows}
    return failed
