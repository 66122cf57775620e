"""The load: discover → plan → land → audit → commit, then gate → publish → collect, for everything that is due.

A batch that fails is halved until the object at fault stands alone; that one is recorded (and parked, see
`failures`), all others go on.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from orchestration.loading.audit import Refused, audit
from orchestration.loading.collect import collect
from orchestration.loading.commit import commit
from orchestration.loading.discover import discover
from orchestration.loading.errors import LoadError
from orchestration.loading.failures import Cause, cause_of, record_failures, safe_message
from orchestration.loading.gate import Judgement, judge_new_loads
from orchestration.loading.land import land
from orchestration.loading.ledger import MAX_TRIES, failures
from orchestration.loading.objects import Drop, Lake
from orchestration.loading.plan import plan_batches, write_plan
from orchestration.loading.scope import EVERYTHING, Scope
from orchestration.loading.tables import prepare_warehouse
from orchestration.loading.zstd_frames import is_whole_zstd
from orchestration.settings import Settings

CHUNK_BYTES = 1 << 20


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
    parked: list[Refused] = field(default_factory=list)
    """Objects that this load gave up on."""
    failed: list[Refused] = field(default_factory=list)
    """Objects that failed and will be tried again."""
    waiting_count: int = 0
    judgement: Judgement = field(default_factory=Judgement)
    seconds: float = 0.0

    @property
    def parked_count(self) -> int:
        return len(self.parked)

    @property
    def held_count(self) -> int:
        return len(self.judgement.held)

    @property
    def changed_anything(self) -> bool:
        return bool(self.object_count or self.parked or self.failed or self.judgement.judged_count)


@dataclass
class _Load:
    """One call of `load_pending` at work."""

    client: Client
    lake: Lake
    settings: Settings
    report: LoadReport
    objects_total: int
    on_progress: Callable[[Progress], None]

    def tell(self, stage: str) -> None:
        done = self.report.object_count + len(self.report.parked) + len(self.report.failed)
        self.on_progress(Progress(stage, done, self.objects_total, self.report.line_count))


def load_pending(
    client: Client,
    lake: Lake,
    settings: Settings,
    on_progress: Callable[[Progress], None] | None = None,
    scope: Scope = EVERYTHING,
) -> LoadReport:
    """Load what is due in the scope, judge it, and report.

    Safe to kill at any point and to run twice at once: what is not committed is invisible and will be due again.
    Raises LoadError when the load as a whole cannot go on; batches committed before stay.
    """
    started = time.monotonic()
    prepare_warehouse(client, settings)
    found = discover(client, lake, scope)
    report = LoadReport(waiting_count=len(found.waiting))
    load = _Load(client, lake, settings, report, len(found.actionable), on_progress or (lambda progress: None))
    _refuse(load, "", [_unsafe_key(drop) for drop in found.unsafe])
    for batch in plan_batches(_whole_objects(load, found.ready)):
        _load_batch(load, batch)
        load.tell("loading")
    load.tell("judging")
    report.judgement = judge_new_loads(client, settings)
    collect(client)
    report.seconds = time.monotonic() - started
    return report


def load_attempt(client: Client, lake: Lake, settings: Settings, batch: list[Drop]) -> tuple[str, list, list[Refused]]:
    """One attempt at one batch, from plan to commit: (load_id, what was committed, what was refused)."""
    planned_at = datetime.now(UTC)
    load_id = write_plan(client, batch)
    land(client, settings, load_id, batch)
    landed, refused = audit(client, lake, load_id, batch)
    commit(client, load_id, landed, planned_at)
    return load_id, landed, refused


def _load_batch(load: _Load, batch: list[Drop]) -> None:
    """Load the batch, or its halves if it fails; an object that fails alone is recorded."""
    try:
        load_id, landed, refused = load_attempt(load.client, load.lake, load.settings, batch)
    except OperationalError as error:
        raise LoadError(
            f"The connection to ClickHouse broke during a load: {safe_message(error, load.settings)} "
            "Nothing of this batch counts; run the load again."
        ) from error
    except DatabaseError as error:
        cause = cause_of(error, load.settings)
        if cause.stops_the_load:
            raise LoadError(f"ClickHouse stopped the load: {cause.message}") from error
        if len(batch) > 1:
            middle = len(batch) // 2
            _load_batch(load, batch[:middle])
            _load_batch(load, batch[middle:])
        else:
            _fail_alone(load, batch[0], cause, error)
        return
    load.report.object_count += len(landed)
    load.report.line_count += sum(each.line_count for each in landed)
    load.report.rejected_count += sum(each.rejected_count for each in landed)
    _refuse(load, load_id, refused)


def _fail_alone(load: _Load, drop: Drop, cause: Cause, error: DatabaseError) -> None:
    if cause.is_access_error and not load.report.object_count:
        raise LoadError(
            f"ClickHouse could not read the lake at {drop.key!r}: {cause.message} No object could be read, so the "
            "lake's address or keys are wrong for ClickHouse, or the lake is down: check LAKE_ENDPOINT_URL, "
            "LAKE_BUCKET and AWS_ACCESS_KEY_ID, as seen from the machine that ClickHouse runs on."
        ) from error
    _refuse(load, "", [Refused(drop, cause.code, cause.message, cause.is_permanent)])


def _refuse(load: _Load, load_id: str, refused: list[Refused]) -> None:
    """Record failures, and sort them into given up and to be tried again."""
    if not refused:
        return
    record_failures(load.client, load_id, refused)
    tries = {object_id: failure.tries for object_id, failure in failures(load.client).items()}
    for each in refused:
        is_parked = each.is_permanent or tries[each.drop.object_id] >= MAX_TRIES
        (load.report.parked if is_parked else load.report.failed).append(each)


def _whole_objects(load: _Load, drops: list[Drop]) -> list[Drop]:
    """The drops without those .zst objects that are cut: ClickHouse would read their beginning without an error."""
    cut = [
        drop
        for drop in drops
        if drop.key.endswith(".zst") and not is_whole_zstd(load.lake.read_chunks(drop.key, CHUNK_BYTES))
    ]
    message = "The zstd frames of the object are not complete: it was cut off, or is not zstd. Deliver it again."
    _refuse(load, "", [Refused(drop, "unreadable", message, is_permanent=True) for drop in cut])
    return [drop for drop in drops if drop not in cut]


def _unsafe_key(drop: Drop) -> Refused:
    message = (
        "The key has one of the characters { } * ? or a control character, which ClickHouse reads as a pattern; "
        "reading it could read other objects. Deliver it under another key."
    )
    return Refused(drop, "unsafe_key", message, is_permanent=True)
