"""Steps 6 and 7, gate and publish: each object of a committed load gets a verdict, and readers see it by that verdict.

`pass` and `quarantine` publish (see ops.live_objects); `block` holds the one object, never its neighbours. When the
gate itself fails, every object of the load is held with that reason and judged again by the next loads, MAX_JUDGE_TRIES
times in all.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from clickhouse_connect.driver.client import Client

from orchestration.expectations.facts import profile_load
from orchestration.expectations.verdict import LoadVerdict
from orchestration.loading.failures import safe_message
from orchestration.loading.ledger import insert_rows, server_now
from orchestration.loading.objects import RAW_TABLES
from orchestration.settings import Settings

GATE_FAILED = "The gate could not judge this load: "
MAX_JUDGE_TRIES = 3
MAX_REASON = 500


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


def judge_new_loads(client: Client, settings: Settings, judge: Judge | None = None) -> Judgement:
    """Give a verdict to every committed object that has none; a crash between commit and gate is made up for here."""
    judgement = Judgement()
    for load in _unjudged_loads(client):
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


def _unjudged_loads(client: Client) -> list[_Load]:
    """Loads with objects that have no verdict, or whose last verdict is that the gate failed and may be tried again.

    Also second commits of an object: a replay's is judged before it takes the place of the first.
    """
    rows = client.query(
        """
        select load_id, any(kind), groupArrayIf((object_id, object_key), is_due), count()
        from (
            select load_id, kind, object_id, object_key, (load_id, object_id) not in (
                select load_id, object_id from ops.load_gates
                group by load_id, object_id
                having not startsWith(argMax(reason, judged_at), {gate_failed:String}) or count() >= {tries:UInt32}
            ) as is_due
            from (
                select distinct load_id, kind, object_id, object_key
                from ops.load_commits
                where (load_id, object_id) not in (select load_id, object_id from ops.load_revocations)
            )
        )
        group by load_id
        having countIf(is_due) > 0
        order by load_id
        """,
        parameters={"gate_failed": GATE_FAILED, "tries": MAX_JUDGE_TRIES},
    ).result_rows
    return [_Load(load_id, kind, dict(keys), count) for load_id, kind, keys, count in rows]


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
        held=held_objects(client),
        judged_now={object_id for object_id, _ in verdicts},
        published_now=sum(verdict != "block" for _, verdict in verdicts),
    )


def held_objects(client: Client) -> list[Held]:
    """Committed objects that the gate holds, or has not judged yet."""
    rows = client.query(
        """
        select
            committed.load_id,
            committed.object_id,
            committed.object_key,
            if(verdict.is_judged = 1, verdict.reason, 'Not judged yet: the next load does it.')
        from ops.first_commits as committed
        left join (select load_id, object_id, verdict, reason, 1 as is_judged from ops.current_verdicts) as verdict
            on verdict.load_id = committed.load_id and verdict.object_id = committed.object_id
        where verdict.verdict not in ('pass', 'quarantine')
        order by committed.committed_at, committed.object_key
        """
    ).result_rows
    return [Held(*row) for row in rows]
