"""Commits that wait for their verdict: a killed loader left them without one, or the gate failed at them."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import batched

from clickhouse_connect.driver.client import Client

from orchestration.loading.ledger.entries import MAX_IDS, first_load_id, server_now

GATE_FAILED = "The gate could not judge this load: "
MAX_JUDGE_TRIES = 3
LOOK_BACK = timedelta(hours=6)
"""How far back a load of a part of the lake looks for loads that a killed loader left without a verdict; nightly looks
at all. Longer than a batch may take (see `land.MAX_LAND_SECONDS`), so that none waits for the night."""


@dataclass(frozen=True)
class UnjudgedLoad:
    """A committed load with objects that wait for their verdict."""

    load_id: str
    kind: str
    keys: dict[str, str]
    """object_id → key of the objects that wait for a verdict."""
    object_count: int
    """All objects of the load that count in the ledger."""


def recent_load_id(client: Client) -> str:
    """Loads from here on are new: they may still wait for their verdict."""
    return first_load_id(server_now(client) - LOOK_BACK)


def has_unjudged_loads(client: Client) -> bool:
    """Whether a recent load waits for its verdict, because its loader was killed or the gate failed."""
    return bool(unjudged_loads(client, recent_load_id(client)))


def unjudged_loads(client: Client, since: str) -> list[UnjudgedLoad]:
    """Loads with objects that have no verdict, or whose last verdict is that the gate failed and may be tried again.

    Every commit is judged, not only the one that counts: a second commit of an object may be there to take its place.
    """
    loads = []
    for load_ids in batched(loads_to_look_at(client, since), MAX_IDS):
        rows = client.query(
            """
            select load_id, any(load_kind), groupArrayIf((object_id, key), is_due), count()
            from (
                -- Not `distinct`, which would read the whole ledger in its order instead of the projection by load.
                select load_id, object_id, any(kind) as load_kind, any(object_key) as key,
                    (load_id, object_id) not in (
                        select load_id, object_id from ops.load_gates
                        where load_id in {load_ids:Array(String)}
                        group by load_id, object_id
                        having countIf(verdict = 'release') > 0
                            or not startsWith(argMax(reason, judged_at), {gate_failed:String})
                            or count() >= {tries:UInt32}
                    ) as is_due
                from ops.load_commits
                where load_id in {load_ids:Array(String)} and (load_id, object_id) not in (
                    select load_id, object_id from ops.load_revocations where load_id in {load_ids:Array(String)}
                )
                group by load_id, object_id
            )
            group by load_id
            having countIf(is_due) > 0
            order by load_id
            """,
            parameters={"load_ids": list(load_ids), "gate_failed": GATE_FAILED, "tries": MAX_JUDGE_TRIES},
        ).result_rows
        loads += [UnjudgedLoad(load_id, kind, dict(keys), count) for load_id, kind, keys, count in rows]
    return loads


def loads_to_look_at(client: Client, since: str) -> list[str]:
    """Loads whose verdicts are not one for each object, or whose gate failed: nearly always none.

    Counting costs 0.2 s of CPU for a million objects; comparing them one by one would take 1.6 s. A row that is there
    twice makes a load be looked at, and no more.
    """
    rows = client.query(
        """
        select load_id
        from (
            select load_id, count() as committed_count, 0 as judged_count, 0 as failed_count
            from ops.load_commits
            where load_id >= {since:String}
            group by load_id
            union all
            select load_id, 0, uniqExact(cityHash64(object_id)), countIf(startsWith(reason, {gate_failed:String}))
            from ops.load_gates
            where load_id >= {since:String}
            group by load_id
        )
        group by load_id
        having sum(committed_count) > 0 and (sum(committed_count) != sum(judged_count) or sum(failed_count) > 0)
        order by load_id
        """,
        parameters={"since": since, "gate_failed": GATE_FAILED},
    ).result_rows
    return [row[0] for row in rows]
