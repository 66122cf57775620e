"""Step 5, commit: ONE insert of the ledger rows makes a batch part of the warehouse. Before it nothing is, after it
all is; a kill in between leaves nothing.
"""

from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.client import Client

from orchestration.loading.audit import Landed
from orchestration.loading.errors import LoadError
from orchestration.loading.ledger import DROP_COLUMNS, drop_values, insert_rows

COMMIT_WITHIN = timedelta(hours=12)
"""Rows of an uncommitted attempt are deleted after 24 hours (see `collect`). A loader that slept longer than this, on
a closed laptop for instance, must not commit rows that may be gone."""

_COLUMNS = ("load_id", *DROP_COLUMNS, "line_count", "rejected_count", "line_bytes", "checksum", "committed_at")


def commit(client: Client, load_id: str, landed: list[Landed], planned_at: datetime) -> None:
    """Enter the audited objects of the attempt into the ledger."""
    committed_at = datetime.now(UTC)
    if committed_at - planned_at > COMMIT_WITHIN:
        raise LoadError(
            f"Load {load_id} was planned at {planned_at:%Y-%m-%d %H:%M} UTC, more than {COMMIT_WITHIN} ago; its rows "
            "may have been collected, so it is not committed. Run the load again: it starts a new attempt."
        )
    rows = [
        [
            load_id,
            *drop_values(each.drop),
            each.line_count,
            each.rejected_count,
            each.line_bytes,
            each.checksum,
            committed_at,
        ]
        for each in landed
    ]
    insert_rows(client, "load_commits", _COLUMNS, rows)
