"""Replay: objects that are in the ledger are read and judged again, on a person's decision.

Loads first, switches after. The new attempt goes all the way to its verdict while the old commit stays live; only then
are the old commits revoked, with the person's reason. Readers never see a hole. A new attempt that cannot be read, or
that the gate holds, is revoked instead, and the old one stays. A kill in between leaves a second commit that loses.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from clickhouse_connect.driver.client import Client

from orchestration.loading.errors import WarehouseError
from orchestration.loading.lake.objects import Drop, Lake, object_id
from orchestration.loading.lake.scope import EVERYTHING
from orchestration.loading.lake.versions import is_in_lake
from orchestration.loading.ledger.entries import DROP_COLUMNS, first_load_id, server_now
from orchestration.loading.ledger.revoke import revoke
from orchestration.loading.ledger.tables import prepare_warehouse
from orchestration.loading.ledger.verdicts import BLOCK, IS_PUBLISHED, LAST_VERDICT, PUBLISHED, SUPERSEDED
from orchestration.loading.loader import Load, LoadReport, Progress, load_batch
from orchestration.loading.recovery.failures import forget_failures
from orchestration.loading.recovery.outage import explained_errors
from orchestration.loading.state.held import HeldCommit
from orchestration.loading.steps.gate import judge_new_loads
from orchestration.loading.steps.plan import plan_batches
from orchestration.settings import Settings

MAX_HEADS = 1_000
"""A question per object takes 3 ms, a listing of a million objects 70 s."""

Pair = tuple[str, str]
"""(load_id, object_id)"""


class ReplayError(WarehouseError):
    """What was asked for cannot be replayed."""


class NothingToReplay(ReplayError):
    """No object of the ledger is selected."""


@dataclass(frozen=True)
class Selection:
    """Which objects: all conditions that are given must hold; at least one is."""

    prefix: str = ""
    since: date | None = None
    """Delivered (last modified) on this day or later, UTC."""
    keys: tuple[str, ...] = ()
    lake_dates: tuple[date, ...] = ()
    """In a folder `dt=` of one of these days."""

    def __post_init__(self) -> None:
        if not (self.prefix or self.since or self.keys or self.lake_dates):
            raise ReplayError(
                "Nothing says what to replay: name a prefix, a date since when, or objects by their keys."
            )

    def __str__(self) -> str:
        parts = [
            f"below '{self.prefix}'" if self.prefix else "",
            f"delivered since {self.since}" if self.since else "",
            f"{len(self.keys)} named keys" if self.keys else "",
            _folders(self.lake_dates),
        ]
        return ", ".join(filter(None, parts))


def _folders(days: tuple[date, ...]) -> str:
    if len(days) < 2:
        return "".join(f"in a folder dt={day}" for day in days)
    return f"in {len(days)} folders from dt={min(days)} to dt={max(days)}"


@dataclass(frozen=True)
class Candidate:
    """An object that the selection names."""

    drop: Drop
    state: str
    """live, held (committed, and not published) or failed (parked, or waiting for its next try)."""
    line_count: int


@dataclass
class ReplayReport:
    """What a replay did to the objects that it was asked for."""

    selected_count: int = 0
    replaced: list[Drop] = field(default_factory=list)
    """Loaded again and live in place of what they were before."""
    held: list[HeldCommit] = field(default_factory=list)
    """The gate holds the new attempt; what was live before stays."""
    not_in_lake: list[Drop] = field(default_factory=list)
    """The lake holds another version of the key, or none: left as it was."""
    load: LoadReport = field(default_factory=LoadReport)


def candidates(client: Client, bucket: str, selection: Selection) -> list[Candidate]:
    """The objects that the selection names, by key; an error when it names no object."""
    named = [*_committed(client, bucket, selection), *_failed(client, bucket, selection)]
    if not named:
        raise NothingToReplay(
            f"No object of the ledger matches: {selection}. 'warehouse sql \"select object_key, last_modified from "
            "ops.live_objects\"' shows what is there; what was never loaded is due anyway, and needs no replay."
        )
    return sorted(named, key=lambda candidate: candidate.drop.key)


def replay(
    client: Client,
    lake: Lake,
    settings: Settings,
    selection: Selection,
    reason: str,
    on_progress: Callable[[Progress], None] | None = None,
) -> ReplayReport:
    """Load what the selection names once more, and let it take the place of what was there."""
    if not reason.strip():
        raise ReplayError("A replay needs a reason: it stays in the ledger, for anyone who asks later what was done.")
    with explained_errors(settings):
        return _replay(client, lake, settings, selection, reason, on_progress)


def _replay(
    client: Client,
    lake: Lake,
    settings: Settings,
    selection: Selection,
    reason: str,
    on_progress: Callable[[Progress], None] | None,
) -> ReplayReport:
    prepare_warehouse(client, settings)
    chosen = candidates(client, lake.bucket, selection)
    report = ReplayReport(selected_count=len(chosen))
    present = _present(lake, selection, chosen)
    report.not_in_lake = [candidate.drop for candidate in chosen if candidate not in present]
    forget_failures(client, [candidate.drop for candidate in present if candidate.state == "failed"], reason)
    load = Load(client, lake, settings, report.load, [candidate.drop for candidate in present])
    load.on_progress = on_progress or load.on_progress
    for batch in plan_batches(load.drops):
        since = first_load_id(server_now(client))
        load_batch(load, batch)
        load.tell("loading")
        judgement = judge_new_loads(client, settings)
        drops = {drop.object_id: drop for drop in batch}
        report.held += [held for held in judgement.held if held.object_id in drops and held.load_id >= since]
        replaced = _switch(client, _new_commits(client, list(drops), since), reason)
        report.replaced += [drops[object_id] for object_id in sorted(replaced)]
    return report


def _switch(client: Client, new: dict[Pair, str], reason: str) -> set[str]:
    """Revoke what the new commits replace; where the gate did not let one through, that one instead.

    Only commits older than the new one are revoked: of two replays at once the later commit wins, whichever switches
    first, and never are both revoked. Returns the objects whose new commit counts.
    """
    published = [pair for pair, verdict in new.items() if verdict in PUBLISHED]
    held = [pair for pair, verdict in new.items() if verdict == BLOCK]
    revoke(client, _older_commits(client, published), "replayed", reason)
    in_vain = {object_id for _, object_id in _older_commits(client, held)}
    losers = [pair for pair in held if pair[1] in in_vain]
    revoke(client, losers, "lost", f"Replayed ({reason}), and held by the gate: what was there before stays.")
    return {object_id for _, object_id in published}


def _new_commits(client: Client, object_ids: Sequence[str], since: str) -> dict[Pair, str]:
    """Commits of these objects by attempts from this load_id on that are not revoked → verdict, '' before it."""
    rows = client.query(
        f"""
        select committed.load_id, committed.object_id, judged.last_verdict
        from (
            select distinct load_id, object_id
            from ops.standing_commits
            where object_id in {{object_ids:Array(String)}} and load_id >= {{since:String}}
        ) as committed
        left join (
            select load_id, object_id, {LAST_VERDICT} as last_verdict
            from ops.load_gates
            where object_id in {{object_ids:Array(String)}} and load_id >= {{since:String}}
            group by load_id, object_id
        ) as judged on judged.load_id = committed.load_id and judged.object_id = committed.object_id
        """,
        parameters={"object_ids": list(object_ids), "since": since},
    ).result_rows
    return {(load_id, object_id): verdict for load_id, object_id, verdict in rows}


def _older_commits(client: Client, new: Sequence[Pair]) -> list[Pair]:
    """Commits of the same objects, from before the new ones, that are not revoked."""
    return client.query(
        """
        with commits as (
            select distinct load_id, object_id, committed_at
            from ops.standing_commits
            where object_id in {object_ids:Array(String)}
        )
        select old.load_id, old.object_id
        from commits as old
        inner join (
            select object_id as new_object_id, max((committed_at, load_id)) as new_position
            from commits
            where (load_id, object_id) in (
                select tupleElement(pair, 1), tupleElement(pair, 2)
                from (select arrayJoin(arrayZip({load_ids:Array(String)}, {object_ids:Array(String)})) as pair)
            )
            group by object_id
        ) as new on new.new_object_id = old.object_id
        where (old.committed_at, old.load_id) < new.new_position
        """,
        parameters={
            "load_ids": [load_id for load_id, _ in new],
            "object_ids": [object_id for _, object_id in new],
        },
    ).result_rows


def _present(lake: Lake, selection: Selection, chosen: list[Candidate]) -> list[Candidate]:
    """Those whose very version the lake still has; many are looked up in one listing."""
    if selection.keys or len(chosen) <= MAX_HEADS:
        return [candidate for candidate in chosen if is_in_lake(lake, candidate.drop)]
    prefixes = [selection.prefix] if selection.prefix else list(EVERYTHING.prefixes)
    listed = {object_id(lake.bucket, entry) for prefix in prefixes for entry in lake.list_objects(prefix)}
    return [candidate for candidate in chosen if candidate.drop.object_id in listed]


def _committed(client: Client, bucket: str, selection: Selection) -> Iterator[Candidate]:
    """Live objects, and those that the gate holds; older versions of a key cannot be read again."""
    condition, parameters = _condition(bucket, selection)
    columns = ", ".join(DROP_COLUMNS)
    live = client.query(
        f"select {columns}, line_count from ops.live_objects where {condition}", parameters=parameters
    ).result_rows
    held = client.query(
        f"""
        select {columns}, line_count
        from ops.standing_commits
        where {condition}
            and object_id not in (
                select object_id from ops.current_verdicts
                where ({IS_PUBLISHED} or verdict = '{SUPERSEDED}')
                    and (load_id, object_id) not in (select load_id, object_id from ops.load_revocations)
            )
        order by object_id, committed_at
        limit 1 by object_id
        """,
        parameters=parameters,
    ).result_rows
    yield from (Candidate(Drop(*row[:-1]), "live", row[-1]) for row in live)
    yield from (Candidate(Drop(*row[:-1]), "held", row[-1]) for row in held)


def _failed(client: Client, bucket: str, selection: Selection) -> Iterator[Candidate]:
    """Objects that could not be read so far."""
    condition, parameters = _condition(bucket, selection)
    rows = client.query(
        f"""
        select {", ".join(DROP_COLUMNS)}
        from ops.object_failures
        where {condition}
            and object_id not in (select object_id from ops.standing_commits)
        order by object_id, failed_at desc
        limit 1 by object_id
        """,
        parameters=parameters,
    ).result_rows
    yield from (Candidate(Drop(*row), "failed", 0) for row in rows)


def _condition(bucket: str, selection: Selection) -> tuple[str, dict]:
    """The selection as a condition on a table of the ledger, and its parameters."""
    conditions, parameters = ["bucket = {bucket:String}"], {"bucket": bucket}
    if selection.prefix:
        conditions.append("startsWith(object_key, {prefix:String})")
        parameters["prefix"] = selection.prefix
    if selection.since:
        conditions.append("toDate(last_modified) >= {since:Date}")
        parameters["since"] = selection.since
    if selection.lake_dates:
        conditions.append(r"extract(object_key, '/dt=([^/]+)/') in {days:Array(String)}")
        parameters["days"] = [f"{day}" for day in selection.lake_dates]
    if selection.keys:
        conditions.append("object_key in {keys:Array(String)}")
        parameters["keys"] = list(selection.keys)
    return " and ".join(conditions), parameters
