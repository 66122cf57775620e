"""What stands behind the gate: objects that it holds or has not judged, and the state of the gate after a run."""

from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from clickhouse_connect.driver.client import Client

from orchestration.loading.ledger.entries import MAX_IDS, first_load_id
from orchestration.loading.ledger.verdicts import IS_PUBLISHED, PUBLISHED
from orchestration.loading.state.unjudged import GATE_FAILED, LOOK_BACK, loads_to_look_at

NOT_JUDGED = "Not judged yet: the next load does it."


@dataclass(frozen=True)
class HeldCommit:
    """An object that readers do not see."""

    load_id: str
    object_id: str
    key: str
    reason: str

    @property
    def is_gate_failure(self) -> bool:
        return self.reason.startswith(GATE_FAILED)


@dataclass(frozen=True)
class GateState:
    """The gate after a run: what it holds, and what it judged since the run began."""

    held: list[HeldCommit]
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
        published_now=sum(verdict in PUBLISHED for _, verdict in verdicts),
    )


def held_objects(client: Client, unjudged_since: str = "") -> list[HeldCommit]:
    """Objects that the gate holds or has not judged yet, unless another commit of the same object was let through.

    Blocked ones are few and found by their verdict; unjudged ones are sought in the loads from `unjudged_since` on.
    """
    rows = _blocked(client) + _without_verdict(client, unjudged_since)
    published = _published(client, [row[1] for row in rows])
    first = {row[1]: row for row in sorted(rows, key=lambda row: (row[4], row[2]), reverse=True)}
    return [HeldCommit(*row[:4]) for row in reversed(first.values()) if row[1] not in published]


def _blocked(client: Client) -> list[tuple]:
    """(load_id, object_id, object_key, reason, committed_at) of the commits whose last verdict is a block."""
    return client.query(
        """
        select committed.load_id, committed.object_id, committed.object_key, blocked.reason, committed.committed_at
        from (
            select load_id, object_id, object_key, committed_at
            from ops.standing_commits
            where object_id in (select object_id from ops.load_gates where verdict = 'block')
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
    for load_ids in batched(loads_to_look_at(client, since), MAX_IDS):
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
    """Those of the objects that have a commit which the gate let through and that is not revoked."""
    published = set()
    for some in batched(object_ids, MAX_IDS):
        rows = client.query(
            f"""
            select object_id from ops.current_verdicts
            where object_id in {{object_ids:Array(String)}} and {IS_PUBLISHED}
                and (load_id, object_id) in (
                    select load_id, object_id from ops.standing_commits where object_id in {{object_ids:Array(String)}}
                )
            """,
            parameters={"object_ids": list(some)},
        ).result_rows
        published |= {row[0] for row in rows}
    return published
