"""Errors of a batch: which of them stop the load, which are an object's own, and how the latter are recorded."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from orchestration.loading.errors import safe_message
from orchestration.loading.lake.objects import Drop
from orchestration.loading.ledger.entries import (
    DROP_COLUMNS,
    Failure,
    drop_values,
    failures,
    insert_rows,
    next_retry_at,
    server_now,
)
from orchestration.loading.steps.audit import RefusedObject
from orchestration.settings import Settings

MAX_MESSAGE = 500
FORGOTTEN = "to_be_tried_again"
"""Code of the row by which a person forgets an object's failures."""
_FAILURE_COLUMNS = ("tries", "is_permanent", "code", "message", "failed_at", "next_retry_at")

_UNREADABLE = {
    "ZLIB_INFLATE_FAILED",
    "ZSTD_DECODER_FAILED",
    "CANNOT_DECOMPRESS",
    "CORRUPTED_DATA",
    "CANNOT_READ_ALL_DATA",
    "ATTEMPT_TO_READ_AFTER_EOF",
    "UNEXPECTED_END_OF_FILE",
    "INCORRECT_DATA",
}
"""The object's own bytes are wrong: trying again cannot help."""

_STATEMENT_COLUMN = (
    "A Parquet file must have a column `statement` of text (string or binary), one statement as JSON per row."
)

_OBJECT_MAY_BE_AT_FAULT = {
    "MEMORY_LIMIT_EXCEEDED": "too_much_memory",
    "TIMEOUT_EXCEEDED": "timeout",
    "S3_ERROR": "lake_error",
    "RECEIVED_ERROR_FROM_REMOTE_IO_SERVER": "lake_error",
    "TOO_LARGE_STRING_SIZE": "too_large",
    "POCO_EXCEPTION": "lake_error",
}
"""Worth bisecting: one object may cause it, and another try may pass."""


_LAKE_CODES = {"lake_error", "timeout"}

_DISK_FULL = re.compile(r"NOT_ENOUGH_SPACE|No space left on device|errno: 28\b", re.IGNORECASE)
_MAKE_ROOM = "The disk of ClickHouse is full: make room there. What was not committed is due again at the next load."


@dataclass(frozen=True)
class Cause:
    """What an error of ClickHouse means for the batch."""

    code: str
    message: str
    is_permanent: bool = False
    stops_the_load: bool = False

    @property
    def may_be_an_outage(self) -> bool:
        """The lake refused, failed or did not answer: one object's fault only if others can be read."""
        return self.code in _LAKE_CODES


def cause_of(error: ClickHouseError, settings: Settings) -> Cause:
    """Sort an error; what is neither known as an object's fault nor as possibly so stops the load."""
    text = safe_message(error, settings)
    name = error_name(text)
    if _DISK_FULL.search(text):
        return Cause("not_enough_space", f"{text} {_MAKE_ROOM}", stops_the_load=True)
    if name in _UNREADABLE:
        return Cause("unreadable", text, is_permanent=True)
    if "parquet schema" in text:
        return Cause("no_statement_column", f"{_STATEMENT_COLUMN} {text}", is_permanent=True)
    if name == "LOGICAL_ERROR" and "ParquetV3BlockInputFormat" in str(error):
        return Cause("unreadable", text, is_permanent=True)
    if name == "S3_ERROR" and re.search(r"response code: 404|NoSuchKey|NO_SUCH_KEY", text):
        return Cause("gone", text)
    if name in _OBJECT_MAY_BE_AT_FAULT:
        return Cause(_OBJECT_MAY_BE_AT_FAULT[name], text)
    return Cause(name.lower() or "unknown", text, stops_the_load=True)


def culprit(error: ClickHouseError, batch: Sequence[Drop]) -> Drop | None:
    """The object that the error names, if it names one, as in `in file/uri bucket/key` or `while reading 'key'`."""
    text = str(error)
    named = [drop for drop in batch if drop.path in text or f"'{drop.key}'" in text]
    return max(named, key=lambda drop: len(drop.key), default=None)


def error_name(text: str) -> str:
    """ClickHouse's symbolic name of an error, the last in parentheses; empty without one."""
    names = re.findall(r"\(([A-Z][A-Z0-9_]{3,})\)", text)
    return names[-1] if names else ""


def record_failures(client: Client, load_id: str, refused: Iterable[RefusedObject]) -> list[Failure]:
    """Enter one more failure for each object, and say what that makes of it, in the order given.

    Two loaders that fail at the same object at once count as one more try: both read the same number before.
    """
    refused = list(refused)
    if not refused:
        return []
    failed_at = server_now(client)
    before = failures(client, [refusal.drop.object_id for refusal in refused])
    recorded = [_one_more(refusal, before.get(refusal.drop.object_id), failed_at) for refusal in refused]
    rows = [
        [load_id, *drop_values(refusal.drop), *(getattr(failure, column) for column in _FAILURE_COLUMNS)]
        for refusal, failure in zip(refused, recorded, strict=True)
    ]
    insert_rows(client, "object_failures", ("load_id", *DROP_COLUMNS, *_FAILURE_COLUMNS), rows)
    return recorded


def _one_more(refused: RefusedObject, before: Failure | None, failed_at: datetime) -> Failure:
    tries = (before.tries if before else 0) + 1
    return Failure(
        refused.drop.object_id,
        tries,
        refused.is_permanent,
        refused.code,
        refused.message[:MAX_MESSAGE],
        failed_at,
        None if refused.is_permanent else next_retry_at(tries, failed_at),
    )


def forget_failures(client: Client, drops: Iterable[Drop], reason: str) -> None:
    """Record the decision that failed objects are tried again, whatever was found of them before."""
    now = server_now(client)
    rows = [["", *drop_values(drop), FORGOTTEN, reason[:MAX_MESSAGE], False, now, 0, now] for drop in drops]
    columns = ("load_id", *DROP_COLUMNS, "code", "message", "is_permanent", "failed_at", "tries", "next_retry_at")
    insert_rows(client, "object_failures", columns, rows)
