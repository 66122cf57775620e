"""Taking a commit back: from then on it counts no more, for ever, and its rows are collected after a while.

A revocation is a decision of record. Nothing else makes a commit count less, and nothing makes it count again.
"""

from collections.abc import Iterable
from typing import Literal

from clickhouse_connect.driver.client import Client

from orchestration.loading.ledger.entries import insert_rows, server_now

Cause = Literal["lost", "overwritten", "replayed", "damaged", "erased", "expired"]

_COLUMNS = ("load_id", "object_id", "cause", "reason", "revoked_at")


def revoke(client: Client, pairs: Iterable[tuple[str, str]], cause: Cause, reason: str) -> int:
    """Revoke commits, each given as (load_id, object_id), all in one insert; returns how many."""
    revoked_at = server_now(client)
    rows = [(load_id, object_id, cause, reason, revoked_at) for load_id, object_id in pairs]
    insert_rows(client, "load_revocations", _COLUMNS, rows)
    return len(rows)
