"""Step 8, collect: rows that no reader will ever see are deleted.

Two kinds: rows of attempts that were never committed, and rows of losers, that is commits of an object that another
attempt had committed first. A loser is revoked before its rows go: were the winner revoked later, the loser would
otherwise become the object's commit with its rows gone.
"""

from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.client import Client

from orchestration.loading.ledger import insert_rows
from orchestration.loading.objects import RAW_TABLES

KEEP_ORPHANS_FOR = timedelta(hours=24)
"""Longer than any attempt may live (`commit.COMMIT_WITHIN` is 12 hours)."""


def collect(client: Client, now: datetime | None = None) -> int:
    """Delete what is older than KEEP_ORPHANS_FOR and invisible; returns the number of attempts cleared."""
    before = (now or datetime.now(UTC)) - KEEP_ORPHANS_FOR
    _revoke_losers(client, before)
    orphans = _orphan_attempts(client, before)
    if not orphans:
        return 0
    load_ids = sorted({load_id for load_id, _ in orphans})
    object_ids = sorted({object_id for _, object_id in orphans} | {""})
    parameters = {"load_ids": load_ids, "object_ids": object_ids}
    # A commit is for ever: the last condition keeps its rows whatever the lists above say.
    condition = """
        load_id in {load_ids:Array(String)} and object_id in {object_ids:Array(String)}
        and (load_id, object_id) not in (
            select load_id, object_id from ops.load_commits
            where load_id in {load_ids:Array(String)}
            and (load_id, object_id) not in (select load_id, object_id from ops.load_revocations where reason = 'lost')
        )
    """
    for table in RAW_TABLES.values():
        if client.query(f"select count() from {table} where {condition}", parameters=parameters).result_rows[0][0]:
            client.command(f"delete from {table} where {condition}", parameters=parameters)
    client.command(f"delete from ops.load_plan where {condition}", parameters=parameters)
    return len(load_ids)


def _revoke_losers(client: Client, before: datetime) -> None:
    losers = client.query(
        """
        select load_id, object_id from ops.load_commits
        where committed_at < {before:DateTime64(3)}
        and (load_id, object_id) not in (select load_id, object_id from ops.first_commits)
        and (load_id, object_id) not in (select load_id, object_id from ops.load_revocations)
        """,
        parameters={"before": before},
    ).result_rows
    now = datetime.now(UTC)
    rows = ([load_id, object_id, "lost", now] for load_id, object_id in losers)
    insert_rows(client, "load_revocations", ("load_id", "object_id", "reason", "revoked_at"), rows)


def _orphan_attempts(client: Client, before: datetime) -> list[tuple[str, str]]:
    """Planned (load_id, object_id) without a commit, or with one that lost; the plan of a collected one is gone."""
    return client.query(
        """
        select load_id, object_id from ops.load_plan
        where planned_at < {before:DateTime64(3)}
        and (load_id, object_id) not in (
            select load_id, object_id from ops.load_commits
            where (load_id, object_id) not in
                (select load_id, object_id from ops.load_revocations where reason = 'lost')
        )
        """,
        parameters={"before": before},
    ).result_rows
