"""What happened to the ledger lately: loads by day, revocations, what the nightly reconcile found, and whether the
ledger's counts are what the gate counted.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import batched

from clickhouse_connect.driver.client import Client

from orchestration.loading.ledger.entries import MAX_IDS

DAYS = 14
"""Two weeks show a weekly rhythm twice, and fit on a screen."""
CLOSED = "checked"
"""The finding that ends a reconcile: one without it was cut off."""


@dataclass(frozen=True)
class LoadDay:
    """What was committed on one day (UTC)."""

    day: date
    loads: int = 0
    objects: int = 0
    lines: int = 0
    rejected: int = 0
    """By the load or by staging."""
    stored_bytes: int = 0


@dataclass(frozen=True)
class Revocation:
    """Commits that were taken back for one cause and reason."""

    cause: str
    """lost (loser of a race), overwritten, replayed or damaged."""
    reason: str
    objects: int
    first_revoked_at: datetime
    last_revoked_at: datetime


@dataclass(frozen=True)
class ReconcileFinding:
    """Something that the nightly comparison found."""

    finding: str
    """missing_in_lake, damaged or never_seen."""
    key: str
    object_id: str
    load_id: str
    detail: str


@dataclass(frozen=True)
class Reconcile:
    """The last whole comparison of raw, ledger and lake."""

    checked_at: datetime
    counts: dict[str, int]
    """What was compared (objects, lines) and found (damaged, missing_in_lake, never_seen)."""
    findings: list[ReconcileFinding]
    """At most the first hundred of each kind."""


def loads_by_day(client: Client) -> list[LoadDay]:
    """The last DAYS days, oldest first; from the first one with a load on, and then without gaps."""
    rows = client.query(
        """
        select
            toDate(committed_at) as day,
            uniqExact(load_id),
            count(),
            sum(line_count),
            sum(greatest(rejected_count, refused_count)),
            sum(size_bytes)
        from ops.load_commits
        left join ops.object_refusals using (load_id, object_id)
        where committed_at >= toStartOfDay(now64(3, 'UTC')) - toIntervalDay({days:UInt32} - 1)
        and (load_id, object_id) not in (select load_id, object_id from ops.load_revocations where cause = 'lost')
        group by day
        order by day
        """,
        parameters={"days": DAYS},
    ).result_rows
    if not rows:
        return []
    today = client.query("select toDate(now64(3, 'UTC'))").result_rows[0][0]
    by_day = {row[0]: LoadDay(*row) for row in rows}
    days = [rows[0][0] + timedelta(days=number) for number in range((today - rows[0][0]).days + 1)]
    return [by_day.get(day) or LoadDay(day) for day in days]


def revocations(client: Client) -> list[Revocation]:
    """Of the last DAYS days, by cause and reason, the latest first."""
    rows = client.query(
        """
        select cause, reason, count(), min(revoked_at), max(revoked_at) as latest
        from ops.load_revocations
        where revoked_at >= toStartOfDay(now64(3, 'UTC')) - toIntervalDay({days:UInt32} - 1)
        group by cause, reason
        order by latest desc, cause, reason
        """,
        parameters={"days": DAYS},
    ).result_rows
    return [Revocation(*row) for row in rows]


def last_reconcile(client: Client) -> Reconcile | None:
    """The last one that came to its end; None before the first."""
    rows = client.query(
        """
        select finding, object_key, object_id, load_id, detail, checked_at
        from ops.reconcile_findings
        where checked_at = (select max(checked_at) from ops.reconcile_findings where finding = {closed:String})
        order by finding, object_key
        """,
        parameters={"closed": CLOSED},
    ).result_rows
    if not rows:
        return None
    closing = [detail for finding, *_, detail, _ in rows if finding == CLOSED]
    return Reconcile(
        rows[0][5], json.loads(closing[0]), [ReconcileFinding(*row[:5]) for row in rows if row[0] != CLOSED]
    )


def miscounted_objects(client: Client) -> list[str]:
    """Keys of objects whose lines = accepted + rejected does not hold, by two counts made at different times.

    The audit counted the rows of the attempt before its commit, the gate counted them again, the rejected ones among
    those that staging refuses. Loads are compared as sums first: a million objects pair by pair took eight times as
    long.
    """
    suspects = client.query(
        """
        select load_id
        from (
            select load_id, 0 as is_profiled, toInt64(line_count) as lines, toInt64(rejected_count) as rejected,
                toInt64(rejected_count > line_count) as is_impossible
            from ops.load_commits
            union all
            select load_id, 1, -toInt64(line_count), -toInt64(rejected_count),
                toInt64(notEmpty(refused_counts)
                    and arraySum(mapValues(refused_counts)) not between rejected_count and line_count)
            from ops.object_profiles
        )
        group by load_id
        having (max(is_profiled) = 1 and (sum(lines) != 0 or sum(rejected) != 0)) or sum(is_impossible) > 0
        """
    ).result_rows
    load_ids = [row[0] for row in suspects]
    return [key for some in batched(load_ids, MAX_IDS) for key in _miscounted_in(client, some)]


def _miscounted_in(client: Client, load_ids: Sequence[str]) -> list[str]:
    """Of these loads. A load that was profiled twice, after a crash of the gate, is a suspect without fault."""
    rows = client.query(
        """
        select committed.object_key
        from (
            select load_id, object_id, object_key, line_count, rejected_count
            from ops.load_commits
            where load_id in {load_ids:Array(String)}
        ) as committed
        left join (
            select load_id, object_id, line_count as profiled_lines, rejected_count as profiled_rejected,
                1 as is_profiled, notEmpty(refused_counts)
                    and arraySum(mapValues(refused_counts)) not between rejected_count and line_count as is_impossible
            from ops.object_profiles
            where load_id in {load_ids:Array(String)}
            order by profiled_at desc
            limit 1 by load_id, object_id
        ) as profile on profile.load_id = committed.load_id and profile.object_id = committed.object_id
        where committed.rejected_count > committed.line_count
        or profile.is_impossible
        or (profile.is_profiled = 1 and (profile.profiled_lines, profile.profiled_rejected)
            != (committed.line_count, committed.rejected_count))
        order by committed.object_key
        """,
        parameters={"load_ids": list(load_ids)},
    ).result_rows
    return [row[0] for row in rows]
