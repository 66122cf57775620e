"""Step 8, collect: rows that no reader will ever see are deleted.

Rows of attempts that were never committed, and rows of revoked commits. A commit that lost a race is revoked before
its rows go: were the winner revoked later, the loser would otherwise count with its rows gone. A commit that counts,
or that may still come, is never touched: an attempt older than KEEP_ORPHANS_FOR cannot be committed (see `commit`).

`collect_recent` is cheap and follows every load; `collect_all` looks at the whole ledger and at all of raw, at night.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import batched

from clickhouse_connect.driver.client import Client

from orchestration.loading.lake.objects import RAW_TABLES
from orchestration.loading.ledger.entries import first_load_id, server_now
from orchestration.loading.ledger.revoke import revoke
from orchestration.loading.ledger.verdicts import IS_PUBLISHED

KEEP_ORPHANS_FOR = timedelta(hours=24)
"""Longer than any attempt may live (`commit.COMMIT_WITHIN` is 12 hours)."""
KEEP_REVOKED_FOR = timedelta(days=7)
"""Rows of a revoked commit stay for a week: a build may still be reading them, and a person may want to look."""
RECENT = timedelta(days=8)
"""How far back `collect_recent` looks: what is older was seen by a night."""
PAIRS_PER_DELETE = 1_000
"""Ids are parameters of the statement, and ClickHouse takes 128 KiB of one."""

Pair = tuple[str, str]
"""(load_id, object_id)"""


def collect_recent(client: Client, now: datetime | None = None) -> int:
    """Delete rows of the last days' attempts that were never committed; returns the number of attempts cleared."""
    now = now or server_now(client)
    return _delete(client, _uncommitted(client, first_load_id(now - RECENT), first_load_id(now - KEEP_ORPHANS_FOR)))


def collect_all(client: Client, now: datetime | None = None) -> int:
    """Delete everything invisible that is old enough; returns the number of attempts cleared."""
    now = now or server_now(client)
    before = now - KEEP_ORPHANS_FOR
    revoke(client, _losers(client, before), "lost", "Another commit of the same object counts.")
    cleared = _delete(client, _uncommitted(client, "", first_load_id(before)))
    cleared += _delete(client, _revoked_with_rows(client, before, now - KEEP_REVOKED_FOR))
    return cleared + _delete_unknown(client, before)


def discard(client: Client, table: str, load_id: str, object_ids: list[str]) -> None:
    """Remove rows of an attempt that was not committed for these objects, now, from the disk as well."""
    client.command(
        f"alter table {table} delete where load_id = {{load_id:String}} and object_id in {{object_ids:Array(String)}}",
        parameters={"load_id": load_id, "object_ids": object_ids},
        settings={"mutations_sync": 2},
    )


def _uncommitted(client: Client, first: str, end: str) -> Iterable[Pair]:
    """Planned between these load_ids and never committed; the plan of a collected attempt is gone."""
    return client.query(
        """
        select distinct load_id, object_id
        from ops.load_plan
        where load_id >= {first:String} and load_id < {end:String}
            and (load_id, object_id) not in (
                select load_id, object_id from ops.load_commits
                where load_id >= {first:String} and load_id < {end:String}
            )
        order by load_id, object_id
        """,
        parameters={"first": first, "end": end},
    ).result_rows


def _losers(client: Client, before: datetime) -> list[Pair]:
    """Old commits of objects that another commit counts for: the first that the gate let through, else the first."""
    return client.query(
        f"""
        select load_id, object_id
        from (
            select
                load_id,
                object_id,
                committed_at,
                row_number() over (
                    partition by object_id
                    order by (load_id, object_id) in (
                        select load_id, object_id from ops.current_verdicts where {IS_PUBLISHED}
                    ) desc, committed_at, load_id
                ) as rank
            from (select distinct load_id, object_id, committed_at from ops.standing_commits)
            where
                object_id in (
                    select object_id from ops.load_commits group by object_id having min(load_id) != max(load_id)
                )
        )
        where rank > 1 and committed_at < {{before:DateTime64(3)}}
        """,
        parameters={"before": before},
    ).result_rows


def _revoked_with_rows(client: Client, lost_before: datetime, revoked_before: datetime) -> list[Pair]:
    """Revoked long enough ago, and still in a raw table or in the plan. What lost was never seen by a reader."""
    pairs: set[Pair] = set()
    for table in (*RAW_TABLES.values(), "ops.load_plan"):
        pairs |= set(
            client.query(
                f"""
                with revoked as (
                    select load_id, object_id
                    from ops.load_revocations
                    group by load_id, object_id
                    having min(revoked_at) < if(
                        argMin(cause, revoked_at) = 'lost', {{lost_before:DateTime64(3)}},
                        {{revoked_before:DateTime64(3)}})
                )
                select distinct load_id, object_id
                from {table}
                where load_id in (select load_id from revoked)
                    and (load_id, object_id) in (select load_id, object_id from revoked)
                """,
                parameters={"lost_before": lost_before, "revoked_before": revoked_before},
            ).result_rows
        )
    return sorted(pairs)


def _delete(client: Client, pairs: Iterable[Pair]) -> int:
    """Delete the rows of these attempts at these objects, then their plan: a kill in between is made up for later."""
    load_ids = set()
    for some in batched(pairs, PAIRS_PER_DELETE):
        # An object that was overwritten while it was read left rows without an id.
        nameless = [(load_id, "") for load_id in sorted({load_id for load_id, _ in some})]
        load_ids_of_pairs, object_ids = zip(*some, *nameless, strict=True)
        parameters = {
            "load_ids": [load_id for load_id, _ in nameless],
            "pair_load_ids": list(load_ids_of_pairs),
            "pair_object_ids": list(object_ids),
        }
        # A commit is for ever: the last condition keeps its rows whatever the lists say.
        condition = """
            load_id in {load_ids:Array(String)}
            and (load_id, object_id) in (
                select tupleElement(pair, 1), tupleElement(pair, 2)
                from (
                    select arrayJoin(
                        arrayZip({pair_load_ids:Array(String)}, {pair_object_ids:Array(String)})) as pair
                )
            )
            and (load_id, object_id) not in (
                select load_id, object_id from ops.standing_commits
                where load_id in {load_ids:Array(String)}
            )
        """
        for table in RAW_TABLES.values():
            _delete_where(client, table, condition, parameters)
        client.command(f"delete from ops.load_plan where {condition}", parameters=parameters)
        load_ids |= set(parameters["load_ids"])
    return len(load_ids)


def _delete_unknown(client: Client, before: datetime) -> int:
    """Rows whose load is in neither plan nor commits: the ledger was restored from an older copy.

    Their objects were due again from then on, so that other attempts have read them since.
    """
    count = 0
    for table in RAW_TABLES.values():
        for load_ids in batched(_unknown_loads(client, table, before), PAIRS_PER_DELETE):
            condition = """
                load_id in {load_ids:Array(String)}
                and load_id not in (select load_id from ops.load_commits where load_id in {load_ids:Array(String)})
            """
            _delete_where(client, table, condition, {"load_ids": list(load_ids)})
            count += len(load_ids)
    return count


def _unknown_loads(client: Client, table: str, before: datetime) -> Iterator[str]:
    rows = client.query(
        f"""
        select load_id
        from (select distinct load_id from {table})
        where load_id < {{end:String}}
            and load_id not in (select load_id from ops.load_plan)
            and load_id not in (select load_id from ops.load_commits)
        """,
        parameters={"end": first_load_id(before)},
    ).result_rows
    return (row[0] for row in rows)


def _delete_where(client: Client, table: str, condition: str, parameters: dict) -> None:
    """A delete visits every part of the table, so it is asked for only where there is something."""
    if client.query(f"select 1 from {table} where {condition} limit 1", parameters=parameters).result_rows:
        client.command(f"delete from {table} where {condition}", parameters=parameters)
