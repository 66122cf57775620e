"""The load: discover → plan → land → audit → commit, then gate → publish → collect, for everything that is due.

A batch that fails is cut up until the object at fault stands alone; that one is recorded (and parked, see
`failures`), all others go on.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from orchestration.contract.forms import HEAD_BYTES, ZSTD, name_of
from orchestration.loading.errors import LoadError, WarehouseError
from orchestration.loading.lake.objects import Drop, Lake
from orchestration.loading.lake.scope import EVERYTHING, Scope
from orchestration.loading.lake.zstd_frames import is_whole_zstd
from orchestration.loading.ledger.erased import is_anyone_erased
from orchestration.loading.ledger.ignored import record_ignored
from orchestration.loading.ledger.tables import prepare_warehouse
from orchestration.loading.recovery.documents import document_of, misnamed, sort_by_form
from orchestration.loading.recovery.failures import Cause, cause_of, culprit, record_failures
from orchestration.loading.recovery.outage import LakeDown, explained_errors, stop_if_lake_is_down
from orchestration.loading.steps.audit import Landed, RefusedObject, audit
from orchestration.loading.steps.collect import collect_all, collect_recent, discard
from orchestration.loading.steps.commit import commit
from orchestration.loading.steps.discover import discover
from orchestration.loading.steps.gate import Judgement, judge_new_loads
from orchestration.loading.steps.land import land
from orchestration.loading.steps.plan import plan_batches, write_plan
from orchestration.loading.upkeep.comparison import LakeComparison, begin_comparison, end_comparison, note_unseen
from orchestration.loading.upkeep.expire import expire
from orchestration.loading.upkeep.supersede import revoke_overtaken
from orchestration.settings import Settings

CHUNK_BYTES = 1 << 20
_CUT_ZSTD = "The zstd frames of the object are not complete: it was cut off, or is not zstd. Deliver it again."


@dataclass(frozen=True)
class Progress:
    """How far a load is; `stage` is a word for the display: loading, judging."""

    stage: str
    objects_done: int
    objects_total: int
    line_count: int


@dataclass
class LoadReport:
    """What one call of `load_pending` did."""

    object_count: int = 0
    line_count: int = 0
    rejected_count: int = 0
    parked: list[RefusedObject] = field(default_factory=list)
    """Objects that this load gave up on."""
    failed: list[RefusedObject] = field(default_factory=list)
    """Objects that failed and will be tried again."""
    waiting_count: int = 0
    unfinished_keys: list[str] = field(default_factory=list)
    """Answers of a record store that name a next page (`more`): it has statements that were not delivered with them."""
    overtaken_keys: list[str] = field(default_factory=list)
    """Keys where an old commit was in the way of the version that the lake lists."""
    judgement: Judgement = field(default_factory=Judgement)
    seconds: float = 0.0

    @property
    def parked_count(self) -> int:
        return len(self.parked)

    @property
    def held_count(self) -> int:
        return len(self.judgement.held)


@dataclass
class Load:
    """A load at work: of what is due (`load_pending`), or of what a person wants again (`replay`)."""

    client: Client
    lake: Lake
    settings: Settings
    report: LoadReport = field(default_factory=LoadReport)
    drops: list[Drop] = field(default_factory=list)
    """All that it will try to read."""
    on_progress: Callable[[Progress], None] = lambda progress: None

    def tell(self, stage: str) -> None:
        done = self.report.object_count + len(self.report.parked) + len(self.report.failed)
        self.on_progress(Progress(stage, done, len(self.drops), self.report.line_count))


def load_pending(
    client: Client,
    lake: Lake,
    settings: Settings,
    on_progress: Callable[[Progress], None] | None = None,
    scope: Scope = EVERYTHING,
) -> LoadReport:
    """Load what is due in the scope, judge it, and report.

    Safe to kill at any point and to run twice at once: what is not committed is invisible and will be due again.
    Raises LoadError when the load as a whole cannot go on; batches committed before stay, and are judged.
    """
    with explained_errors(settings):
        return _load_pending(client, lake, settings, on_progress, scope)


def _load_pending(
    client: Client, lake: Lake, settings: Settings, on_progress: Callable[[Progress], None] | None, scope: Scope
) -> LoadReport:
    started = time.monotonic()
    prepare_warehouse(client, settings)
    if scope.is_everything:
        expire(client)
    comparison = begin_comparison(client, lake) if scope.is_everything else None
    listed = comparison.lake if comparison else lake
    discovery = discover(client, listed, scope, lambda page: record_ignored(client, lake.bucket, page.ignored))
    if comparison:
        note_unseen(comparison, discovery.ready)
    load = Load(client, lake, settings, LoadReport(waiting_count=len(discovery.waiting)), discovery.actionable)
    load.on_progress = on_progress or load.on_progress
    refuse(load, "", [_unsafe_key(drop) for drop in discovery.unsafe])
    try:
        load_drops(load, discovery.ready)
    except LakeDown:
        judge_new_loads(client, settings, is_everything=scope.is_everything)
        raise
    load.tell("judging")
    load.report.judgement = judge_new_loads(client, settings, is_everything=scope.is_everything)
    _tidy(load, scope, comparison)
    load.report.seconds = time.monotonic() - started
    return load.report


def _tidy(load: Load, scope: Scope, comparison: LakeComparison | None) -> None:
    """What follows a load: wrong times are put right, and what is no longer read is deleted."""
    listed = comparison.lake if comparison else None
    load.report.overtaken_keys = revoke_overtaken(
        load.client, load.lake, scope, is_listed=listed.has_object if listed else None
    )
    if comparison:
        end_comparison(comparison)
    (collect_all if scope.is_everything else collect_recent)(load.client)


class Attempt(NamedTuple):
    """What came of one attempt at a batch."""

    load_id: str
    landed: list[Landed]
    """Committed."""
    refused: list[RefusedObject]
    again: list[Drop]
    """To be read again, in the form or the packing that they have."""


def load_attempt(client: Client, lake: Lake, settings: Settings, batch: list[Drop]) -> Attempt:
    """One attempt at one batch, from plan to commit.

    Objects that turn out to be documents, or packed, are not committed by it: read as lines they make no sense. They
    are to be tried again in that form.
    """
    load_id = write_plan(client, batch)
    land(client, settings, load_id, batch)
    landed, refused = audit(client, lake, settings, load_id, batch)
    by_form = sort_by_form(client, settings, load_id, landed)
    commit(client, load_id, by_form.landed)
    if by_form.again and is_anyone_erased(client):
        # Read as lines, a document may have a name on one and its home page on another: nothing tells whose they are.
        discard(client, batch[0].table, load_id, [drop.object_id for drop in by_form.again])
    return Attempt(load_id, by_form.landed, refused + by_form.refused, by_form.again)


def load_drops(load: Load, drops: list[Drop]) -> list[str]:
    """Read the drops in batches; returns the load_ids that were committed."""
    load_ids = []
    for batch in plan_batches(_whole_objects(load, drops)):
        load_ids += load_batch(load, batch)
        load.tell("loading")
    return load_ids


def load_batch(load: Load, batch: list[Drop]) -> list[str]:
    """Load the batch, or its parts if it fails; an object that fails alone is recorded.

    Parts are tried breadth first: whether any of them can be read shows early. Returns the load_ids committed.
    """
    load_ids, parts = [], deque([batch])
    while parts:
        part = parts.popleft()
        try:
            attempt = load_attempt(load.client, load.lake, load.settings, part)
        except OperationalError:
            raise
        except DatabaseError as error:
            parts.extend(_parts_to_try(load, part, error))
            continue
        load_ids.append(attempt.load_id)
        parts.extend(plan_batches(_whole_objects(load, attempt.again)))
        load.report.object_count += len(attempt.landed)
        load.report.line_count += sum(read.line_count for read in attempt.landed)
        load.report.rejected_count += sum(read.rejected_count for read in attempt.landed)
        load.report.unfinished_keys += [landed.drop.key for landed in attempt.landed if landed.has_more]
        refuse(load, attempt.load_id, attempt.refused)
    return load_ids


def _parts_to_try(load: Load, part: list[Drop], error: DatabaseError) -> list[list[Drop]]:
    """What to do about a part that failed: its halves, and alone the object that the error names."""
    cause = cause_of(error, load.settings)
    if cause.stops_the_load:
        raise LoadError(f"ClickHouse stopped the load: {cause.message}") from error
    if cause.may_be_an_outage:
        tried = {drop.object_id for drop in part}
        others = [drop for drop in load.drops if drop.object_id not in tried]
        stop_if_lake_is_down(load.client, load.settings, cause, part, others)
    if cause.code == "too_much_memory" and len(part) == 1:
        document = document_of(load.client, load.settings, part[0])
        if document:
            return [document]
    if len(part) == 1:
        message = f"{_first_look(load, part[0], cause)} {cause.message}".strip()
        refuse(load, "", [RefusedObject(part[0], cause.code, message, cause.is_permanent)])
        return []
    named = culprit(error, part)
    rest = [drop for drop in part if drop is not named]
    middle = (len(rest) + 1) // 2
    return [part_to_try for part_to_try in (rest[:middle], rest[middle:], [named] if named else []) if part_to_try]


def _first_look(load: Load, drop: Drop, cause: Cause) -> str:
    """What the first bytes of an object that cannot be unpacked say; nothing where the lake does not tell."""
    if cause.code != "unreadable":
        return ""
    try:
        return misnamed(drop, next(load.lake.read_chunks(drop.key, HEAD_BYTES), b""))
    except WarehouseError:
        return ""


def refuse(load: Load, load_id: str, refused: list[RefusedObject]) -> None:
    """Record failures, and sort them into given up and to be tried again."""
    for refusal, failure in zip(refused, record_failures(load.client, load_id, refused), strict=True):
        (load.report.parked if failure.is_given_up else load.report.failed).append(refusal)


def _whole_objects(load: Load, drops: list[Drop]) -> list[Drop]:
    """The drops without those zstd objects that are cut: ClickHouse would read their beginning without an error."""
    refused = {}
    for drop in drops:
        if ZSTD in (drop.packing, name_of(drop.key.rpartition("/")[2]).packing):
            try:
                if not is_whole_zstd(load.lake.read_chunks(drop.key, CHUNK_BYTES)):
                    cause = Cause("unreadable", _CUT_ZSTD, is_permanent=True)
                    message = f"{_first_look(load, drop, cause)} {_CUT_ZSTD}".strip()
                    refused[drop.object_id] = RefusedObject(drop, cause.code, message, is_permanent=True)
            except WarehouseError as error:
                cause = Cause("lake_error", str(error))
                others = [other for other in load.drops if other is not drop]
                stop_if_lake_is_down(load.client, load.settings, cause, [drop], others)
                refused[drop.object_id] = RefusedObject(drop, cause.code, cause.message)
    refuse(load, "", list(refused.values()))
    return [drop for drop in drops if drop.object_id not in refused]


def _unsafe_key(drop: Drop) -> RefusedObject:
    message = (
        "The key has one of the characters { } * ? or a control character, which ClickHouse reads as a pattern; "
        "reading it could read other objects. Deliver it under another key."
    )
    return RefusedObject(drop, "unsafe_key", message, is_permanent=True)
