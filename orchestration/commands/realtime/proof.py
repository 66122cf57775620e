"""The proof of the demo: what was planted against what the platform did, action by action."""

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

    from orchestration.simulate.platform import Platform
    from orchestration.simulate.stream import Planted

Key = tuple[str, str, str]
UNLOCK, PAUSE = "unlock", "pause"
SHOWN = 5
KILL_SECONDS = 15
"""After a kill the broker waits for the dead worker (session timeout), then gives its partitions to another."""
BEFORE_KILL = timedelta(seconds=1)
SUPPRESSED = """
select kind, actor->'account'->>'name', statement_id from realtime.platform_actions where suppressed_because != ''
"""
COUNTS = """
select coalesce(sum(consumed_count), 0)::bigint, coalesce(sum(refused_count), 0)::bigint
from realtime.consumed_offsets
"""
ARCHIVED = """
select coalesce(sum(end_offset - start_offset), 0)::bigint, coalesce(sum(line_count), 0)::bigint
from realtime.archived_ranges where archived_at is not null
"""


@dataclass(frozen=True)
class Parity:
    """What the warehouse makes of the archived drops, beside the outbox."""

    warehouse_count: int
    outbox_count: int
    only_in_warehouse: list[str]
    only_in_outbox: list[str]

    @property
    def holds(self) -> bool:
        return self.warehouse_count > 0 and not self.only_in_warehouse and not self.only_in_outbox


@dataclass(frozen=True)
class DemoProof:
    """What came of a demo."""

    message_count: int
    seconds: float
    kill_count: int
    planted: dict[str, int]
    delivered: dict[str, int]
    missing: list[str]
    unexpected: list[str]
    done_twice: int
    posted_again: int
    refused_posts: int
    suppressed_count: int
    suppressed_as_planted: bool
    consumed_count: int
    refused_count: int
    refused_as_planted: bool
    archived_count: int
    is_archived_complete: bool
    to_action_ms: dict[str, float] = field(default_factory=dict)
    """Percentiles of the time from the statement to its action in the outbox, without pauses and times after a kill."""
    after_kill_ms: dict[str, float] = field(default_factory=dict)
    """The same, of statements of the seconds after a kill only."""
    to_platform_ms: dict[str, float] = field(default_factory=dict)
    parity: Parity | None = None

    @property
    def holds(self) -> bool:
        is_delivered = not self.missing and not self.unexpected and not self.done_twice and self.planted
        is_counted = self.suppressed_as_planted and self.refused_as_planted and self.is_archived_complete
        return bool(is_delivered and is_counted and (self.parity is None or self.parity.holds))

    def as_document(self) -> dict:
        return {"holds": self.holds} | asdict(self)


def prove(
    planted: "Planted",
    platform: "Platform",
    connection: "psycopg.Connection",
    killed_at: list[datetime],
    seconds: float,
    start_count: int,
) -> DemoProof:
    """Hold the platform's own record against the plan. `start_count` messages were sent before the plan's."""
    done = [key_of(action) for action in platform.done.values()]
    suppressed = set(connection.execute(SUPPRESSED).fetchall())
    consumed, refused = connection.execute(COUNTS).fetchone()
    offsets, lines = connection.execute(ARCHIVED).fetchone()
    sent = planted.message_count + start_count
    timed = [action for action in platform.done.values() if action["kind"] != PAUSE]
    undisturbed, disturbed = apart_from_kills(timed, killed_at)
    return DemoProof(
        message_count=planted.message_count,
        seconds=round(seconds, 1),
        kill_count=len(killed_at),
        planted=_by_kind(planted.actions),
        delivered=_by_kind(set(done)),
        missing=_some(planted.actions - set(done)),
        unexpected=_some(set(done) - planted.actions),
        done_twice=len(done) - len(set(done)),
        posted_again=platform.repeats(),
        refused_posts=platform.refused_count,
        suppressed_count=len(suppressed),
        suppressed_as_planted=suppressed == planted.suppressed,
        consumed_count=consumed,
        refused_count=refused - start_count,
        refused_as_planted=consumed == sent and refused - start_count == planted.refused_count,
        archived_count=lines - start_count,
        is_archived_complete=offsets == lines == sent,
        to_action_ms=percentiles(latencies(undisturbed, "created_at")),
        after_kill_ms=percentiles(latencies(disturbed, "created_at")),
        to_platform_ms=percentiles(latencies(undisturbed, "received_at")),
    )


def key_of(action: dict) -> Key:
    """An action as the plan names it: a module is opened once for a learner, all else follows from a statement."""
    about = action["activity_id"] if action["kind"] == UNLOCK else action["statement_id"]
    return action["kind"], action["actor"]["account"]["name"], about


def apart_from_kills(actions: list[dict], killed_at: list[datetime]) -> tuple[list[dict], list[dict]]:
    """The actions of statements of undisturbed times, and those of the seconds around a kill."""
    spans = [(moment - BEFORE_KILL, moment + timedelta(seconds=KILL_SECONDS)) for moment in killed_at]
    undisturbed, disturbed = [], []
    for action in actions:
        moment = moment_of(action, "occurred_at")
        is_near = any(start <= moment <= end for start, end in spans)
        (disturbed if is_near else undisturbed).append(action)
    return undisturbed, disturbed


def latencies(actions: list[dict], until: str) -> list[float]:
    """Milliseconds from the statement to this moment of its action; a pause waits for its silence, and is left out."""
    return [
        (moment_of(action, until) - moment_of(action, "occurred_at")).total_seconds() * 1000
        for action in actions
        if action["kind"] != PAUSE
    ]


def moment_of(action: dict, name: str) -> datetime:
    """That time of an action; posts bring it as a text."""
    moment = action[name]
    return moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)


def percentiles(values: list[float]) -> dict[str, float]:
    """p50, p90, p99 and the largest."""
    if not values:
        return {}
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)

    return {"p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": round(ordered[-1], 1)}


def _by_kind(keys: set[Key]) -> dict[str, int]:
    return {kind: sum(key[0] == kind for key in keys) for kind in sorted({key[0] for key in keys})}


def _some(keys: set[Key]) -> list[str]:
    shown = [" ".join(key) for key in sorted(keys)[:SHOWN]]
    return [*shown, f"and {len(keys) - SHOWN} more"] if len(keys) > SHOWN else shown
