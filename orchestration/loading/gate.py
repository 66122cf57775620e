"""Steps 6 and 7, gate and publish: each object of a committed load gets a verdict, and readers see it by that verdict.

`pass` and `quarantine` publish (see ops.live_objects); `block` holds the one object, never its neighbours. When the
gate itself fails, every object of the load is held with that reason and judged again by the next loads, MAX_JUDGE_TRIES
times in all.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from typing import Protocol

from clickhouse_connect.driver.client import Client

from orchestration.expectations.facts import profile_load
from orchestration.expectations.verdict import LoadVerdict
from orchestration.loading.failures import safe_message
from orchestration.loading.ledger import MAX_IDS, first_load_id, insert_rows, server_now
from orchestration.loading.objects import RAW_TABLES
from orchestration.settings import Settings

GATE_FAILED = "The gate could not judge this load: "
NOT_JUDGED = "Not judged yet: the next load does it."
MAX_JUDGE_TRIES = 3
MAX_REASON = 500
LOOK_BACK = timedelta(hours=6)
"""How far back a load of a part of the lake looks for loads that a killed loader left without a verdict; nightly looks
at all. Longer than a batch may take (see `land.MAX_LAND_SECONDS`), so that none waits for the night."""


@dataclass(frozen=True)
class Held:
    """An object that readers do not see."""

    load_id: str
    object_id: str
    key: str
    reason: str

    @property
    def is_gate_failure(self) -> bool:
        return self.reason.startswith(GATE_FAILED)


@dataclass
class Judgement:
    """What the gate did in one load."""

    judged_count: int = 0
    published_count: int = 0
    held: list[Held] = field(default_factory=list)

    @property
    def gate_failures(self) -> list[Held]:
        return [each for each in self.held if each.is_gate_failure]


class Judge(Protocol):
    """The part of the expectations that the gate needs."""

    def judge(self, load_id: str, kind: str, object_count: int) -> LoadVerdict:
        """Reasons by object; raises when it cannot say."""


@dataclass(frozen=True)
class _Load:
    load_id: str
    kind: str
    keys: dict[str, str]
    """object_id → key of the objects that wait for a verdict."""
    object_count: int
    """All objects of the load that count in the ledger."""


def judge_new_loads(
    client: Client, settings: Settings, judge: Judge | None = None, is_everything: bool = True
) -> Judgement:
    """Give a verdict to every committed object that has none; a crash between commit and gate is made up for here.

    Of everything, or of the loads of the last hours (LOOK_BACK) only, whose cost does not grow with the history.
    """
    judgement = Judgement()
    for load in _unjudged_loads(client, "" if is_everything else recent_load_id(client)):
        try:
            judge = judge or _great_expectations(settings)
            verdicts = _verdicts(client, judge, load)
        except Exception as error:
            reason = (GATE_FAILED + safe_message(error, settings))[:MAX_REASON]
            verdicts = dict.fromkeys(load.keys, ("block", reason))
        _write(client, load, verdicts, judgement)
    return judgement


def _great_expectations(settings: Settings) -> Judge:
    """Imported only when there is something to judge: the import alone takes seconds."""
    from orchestration.expectations.judge import LoadJudge

    return LoadJudge(settings.clickhouse)


def _verdicts(client: Client, judge: Judge, load: _Load) -> dict[str, tuple[str, str]]:
    """(verdict, reason) by object."""
    profile_load(client, load.load_id, load.kind, RAW_TABLES[load.kind])
    found = judge.judge(load.load_id, load.kind, load.object_count)
    verdicts = {}
    for object_id in load.keys:
        held = found.held_entirely + found.held.get(object_id, [])
        noted = found.noted.get(object_id, [])
        verdict = "block" if held else "quarantine" if noted else "pass"
        verdicts[object_id] = (verdict, "; ".join(held or noted)[:MAX_REASON])
    return verdicts


def recent_load_id(client: Client) -> str:
    """Loads from here on are new: they may still wait for their verdict."""
    return first_load_id(server_now(client) - LOOK_BACK)


def has_unjudged_loads(client: Client) -> bool:
    """Whether a recent load waits for its verdict, because its loader was killed or the gate failed."""
    return bool(_unjudged_loads(client, recent_load_id(client)))


def _unjudged_loads(client: Client, since: str) -> list[_Load]:
    """Loads with objects that have no verdict, or whose last verdict is that the gate failed and may be tried again.

    Every commit is judged, not only the one that counts: a second commit of an object may be there to take its place.
    """
    loads = []
    for load_ids in batched(_loads_to_look_at(client, since), MAX_IDS):
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
                        having not startsWith(argMax(reason, judged_at), {gate_failed:String})
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
        loads += [_Load(load_id, kind, dict(keys), count) for load_id, kind, keys, count in rows]
    return loads


def _loads_to_look_at(client: Client, since: str) -> list[str]:
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


def _write(client: Client, load: _Load, verdicts: dict[str, tuple[str, str]], judgement: Judgement) -> None:
    """Record the verdicts; once recorded they count."""
    judged_at = server_now(client)
    rows = [[load.load_id, object_id, *verdicts[object_id], judged_at] for object_id in load.keys]
    insert_rows(client, "load_gates", ("load_id", "object_id", "verdict", "reason", "judged_at"), rows)
    judgement.judged_count += len(rows)
    judgement.published_count += sum(verdict != "block" for _, _, verdict, _, _ in rows)
    judgement.held += [
        Held(load.load_id, object_id, load.keys[object_id], reason)
        for _, object_id, verdict, reason, _ in rows
        if verdict == "block"
    ]


@dataclass(frozen=True)
class GateState:
    """The gate after a run: what it holds, and what it judged since the run began."""

    held: list[Held]
    judged_now: set[str]
    published_now: int


def gate_state(client: Client, since: datetime) -> GateState:
    """Everything that is held now, and the verdicts given since then."""
    verdicts = client.query(
        "select object_id, verdict from ops.load_gates where judged_at >= {since:DateTime64(3)}",
        parameters={"since": since},
    ).result_rows
    return GateState(
        held=held_objects(client, first_load_id(since - LOOK_BACK)),
        judged_now={object_id for object_id, _ in verdicts},
        published_now=sum(verdict != "block" for _, verdict in verdicts),
    )


def held_objects(client: Client, unjudged_since: str = "") -> list[Held]:
    """Objects that the gate holds or has not judged yet, unless another commit of the same object was let through.

    Blocked ones are few and found by their verdict; unjudged ones are sought in the loads from `unjudged_since` on.
    """
    rows = _blocked(client) + _without_verdict(client, unjudged_since)
    published = _published(client, [row[1] for row in rows])
    first = {row[1]: row for row in sorted(rows, key=lambda row: (row[4], row[2]), reverse=True)}
    return [Held(*row[:4]) for row in reversed(first.values()) if row[1] not in published]


def _blocked(client: Client) -> list[tuple]:
    """(load_id, object_id, object_key, reason, committed_at) of the commits whose last verdict is a block."""
    return client.query(
        """
        select committed.load_id, committed.object_id, committed.object_key, blocked.reason, committed.committed_at
        from (
            select load_id, object_id, object_key, committed_at
            from ops.load_commits
            where object_id in (select object_id from ops.load_gates where verdict = 'block')
                and (load_id, object_id) not in (select load_id, object_id from ops.load_revocations)
        ) as committed
        inner join (
            select load_id, object_id, reason
            from ops.current_verdicts
            where (load_id, object_id) in (select load_id, object_id from ops.load_gates where verdict = 'block')
                and verdict = 'block'
        ) as blocked on blocked.load_id = committed.load_id and blocked.object_id = committed.object_id
        """
    ).result_rows


def _without_verdict(client: Client, since: str) -> list[tuple]:
    """The same columns of commits that were never judged."""
    rows = []
    for load_ids in batched(_loads_to_look_at(client, since), MAX_IDS):
        rows += client.query(
            """
            select load_id, object_id, object_key, {reason:String}, committed_at
            from ops.load_commits
            where load_id in {load_ids:Array(String)}
                and (load_id, object_id) not in (
                    select load_id, object_id from ops.load_gates where load_id in {load_ids:Array(String)}
                )
                and (load_id, object_id) not in (
                    select load_id, object_id from ops.load_revocations where load_id in {load_ids:Array(String)}
                )
            """,
            parameters={"reason": NOT_JUDGED, "load_ids": list(load_ids)},
        ).result_rows
    return rows


def _published(client: Client, object_ids: list[str]) -> set[str]:
    """Those of the objects that have a commit which the gate let through and nobody revoked."""
    published = set()
    for some in batched(object_ids, MAX_IDS):
        rows = client.query(
            """
            select object_id from ops.current_verdicts
            where object_id in {object_ids:Array(String)} and verdict != 'block'
                and (load_id, object_id) in (
                    select load_id, object_id from ops.load_commits where object_id in {object_ids:Array(String)}
                )
                and (load_id, object_id) not in (select load_id, object_id from ops.load_revocations)
            """,
            parameters={"object_ids": list(some)},
        ).result_rows
        published |= {row[0] for row in rows}
    return published
