"""What the suites on the published data found: written by the asset checks, read by `warehouse status`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from clickhouse_connect.driver.client import Client

from orchestration.loading.ledger.entries import insert_rows, server_now

CHECKED = "checked"
TESTED = "tested"
REBUILT = "rebuilt"
"""Close the rows of one look, of the checks, of a build's data tests or of a sample's rebuild: a look without findings
is told from one that broke off."""


@dataclass(frozen=True)
class RecordedAlert:
    """One row of ops.alerts."""

    checked_at: datetime
    alert: str
    source: str
    detail: str
    row_count: int


def record_alerts(
    client: Client, alerts: Iterable[tuple[str, str, str, int]], expectation_count: int, look: str = CHECKED
) -> None:
    """Enter one look: (alert, source, detail, rows at fault) of what was found."""
    checked_at = server_now(client)
    closing = (look, "", f"{expectation_count} expectations", 0)
    rows = [[checked_at, *finding] for finding in (*alerts, closing)]
    insert_rows(client, "alerts", ("checked_at", "alert", "source", "detail", "row_count"), rows)


def last_alerts(client: Client) -> list[RecordedAlert]:
    """What the last whole look of each kind found."""
    rows = client.query(
        """
        select checked_at, alert, source, detail, row_count
        from ops.alerts
        where checked_at in (select max(checked_at) from ops.alerts where alert in {looks:Array(String)} group by alert)
            and alert not in {looks:Array(String)}
        order by alert, source, detail
        """,
        parameters={"looks": [CHECKED, TESTED, REBUILT]},
    ).result_rows
    return [RecordedAlert(*row) for row in rows]


def warned_objects(client: Client, since: datetime) -> list[tuple[str, str]]:
    """(key, reason) of the objects that the gate published with a warning since then."""
    return client.query(
        """
        select committed.object_key, judged.reason
        from (
            select load_id, object_id, object_key
            from ops.load_commits
            where object_id in (select object_id from ops.load_gates where judged_at >= {since:DateTime64(3)})
            limit 1 by load_id, object_id
        ) as committed
        inner join (
            select load_id, object_id, reason
            from ops.load_gates
            where judged_at >= {since:DateTime64(3)} and verdict = 'quarantine'
        ) as judged on judged.load_id = committed.load_id and judged.object_id = committed.object_id
        order by committed.object_key, judged.reason
        """,
        parameters={"since": since},
    ).result_rows
