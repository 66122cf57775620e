"""The state of the warehouse for a person and for a program: where every listed object is, what was refused and why,
how far the data reach.

The field names of `Status` and of what it holds are the names of `warehouse status --json`. They are stable: a field
is added without notice; removing one or changing its meaning raises SCHEMA_VERSION.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client

from orchestration.loading.errors import WarehouseError
from orchestration.loading.lake.objects import Lake
from orchestration.loading.lake.scope import EVERYTHING
from orchestration.loading.ledger.entries import server_now
from orchestration.loading.state.alerts import RecordedAlert, last_alerts
from orchestration.loading.state.builds import Build, last_builds
from orchestration.loading.state.history import (
    LoadDay,
    Reconcile,
    Revocation,
    last_reconcile,
    loads_by_day,
    miscounted_objects,
    revocations,
)
from orchestration.loading.state.object_states import (
    Listing,
    ObjectStates,
    Totals,
    count_object_states,
    is_among,
    keys_of,
    rejected_by_reason,
    short,
    take_listing,
    unlisted,
)
from orchestration.loading.state.refused import HeldObject, Unread, held_objects, unread_objects
from orchestration.loading.state.watermarks import Lateness, Watermark, lateness, watermarks

SCHEMA_VERSION = 2
MAX_GONE_KEYS = 1_000


@dataclass
class Status:
    """Objects by state: listed = live + superseded + held + parked + ignored + due.

    Without a listing, `listed`, `ignored` and `due` are None, and the other states count what the ledger has, objects
    that were overwritten or deleted in the lake since included.
    """

    schema_version: int = SCHEMA_VERSION
    taken_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """By the engine's clock."""
    bucket: str = ""
    is_lake_listed: bool = True
    lake_error: str = ""
    """Why the lake could not be listed, when it was asked to."""
    listed: int | None = 0
    live: int = 0
    superseded: int = 0
    held: int = 0
    parked: int = 0
    ignored: int | None = 0
    due: int | None = 0
    waiting: int = 0
    """Of the due ones, those that wait for their next try after a failure."""
    gone_from_lake: int | None = 0
    """Live objects under whose key the lake lists nothing any more: they stay live."""
    gone_keys: list[str] = field(default_factory=list)
    """The first MAX_GONE_KEYS of them."""
    older_version_live: int | None = 0
    """Live objects whose key the lake lists in another version, one that is held, parked or due: readers see these
    until the newer one passes."""
    totals: list[Totals] = field(default_factory=list)
    """Per state of a committed object, over the whole ledger: lines = accepted + rejected."""
    lines_accepted: int = 0
    """Of live objects."""
    lines_rejected: int = 0
    """Of live objects, by the load or by staging."""
    rejected_by_reason: dict[str, int] = field(default_factory=dict)
    """Of live objects, as marts.fct_quarantined_lines has them."""
    miscounted_keys: list[str] = field(default_factory=list)
    """Objects for which lines = accepted + rejected does not hold by the gate's count; must be empty."""
    parked_objects: list[Unread] = field(default_factory=list)
    waiting_objects: list[Unread] = field(default_factory=list)
    held_objects: list[HeldObject] = field(default_factory=list)
    seen_in_older_version: list[str] = field(default_factory=list)
    """Keys of parked, waiting and held objects of which an earlier delivery is live."""
    ignored_by_reason: dict[str, int] = field(default_factory=dict)
    loads_by_day: list[LoadDay] = field(default_factory=list)
    revocations: list[Revocation] = field(default_factory=list)
    reconcile: Reconcile | None = None
    """None before the first one."""
    lateness: list[Lateness] = field(default_factory=list)
    watermarks: list[Watermark] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)
    alerts: list[RecordedAlert] = field(default_factory=list)
    """What the checks on the published data found when they looked last."""

    @property
    def adds_up(self) -> bool:
        """The equations that must hold at any time; of the objects only when the lake was listed."""
        if self.miscounted_keys:
            return False
        states = (self.live, self.superseded, self.held, self.parked, self.ignored, self.due)
        return self.listed is None or self.listed == sum(objects or 0 for objects in states)

    @property
    def unpublished(self) -> int:
        """Delivered objects that a person should look at."""
        return self.held + self.parked


def status(client: Client, lake: Lake | None) -> Status:
    """The state now, from one listing of the lake and one reading of the ledger; without a lake, from the ledger.

    A lake that does not answer is reported in the status: what the ledger knows is wanted most on such a day.
    """
    # Listed first: what a load commits meanwhile is then at worst in the ledger and not counted, never due for ever.
    listing, lake_error = _listing(lake)
    now = server_now(client)
    result = Status(taken_at=now, bucket=lake.bucket if lake else "", lake_error=lake_error)
    object_states = count_object_states(client)
    parked, waiting = unread_objects(client, now)
    result.totals = object_states.totals
    result.held_objects = held_objects(client)
    if listing is None:
        _count_ledger(result, parked, waiting)
    else:
        _count_listing(result, client, object_states, listing, parked, waiting)
    _count_lines(result, client, object_states)
    refused = [*result.parked_objects, *result.waiting_objects, *result.held_objects]
    paths = {f"{unread.bucket}/{unread.key}": unread.key for unread in refused}
    result.seen_in_older_version = sorted(paths[path] for path in object_states.with_live_version(paths))
    result.loads_by_day, result.revocations = loads_by_day(client), revocations(client)
    result.reconcile = last_reconcile(client)
    result.watermarks, result.lateness, result.builds = watermarks(client), lateness(client), last_builds(client)
    result.alerts = last_alerts(client)
    return result


def _listing(lake: Lake | None) -> tuple[Listing | None, str]:
    """(what the lake lists, why it could not be listed)."""
    if lake is None:
        return None, ""
    try:
        entries = (entry for prefix in EVERYTHING.prefixes for entry in lake.list_objects(prefix))
        return take_listing(lake.bucket, entries), ""
    except WarehouseError as error:
        return None, str(error)


def _count_ledger(result: Status, parked: list[Unread], waiting: list[Unread]) -> None:
    result.is_lake_listed = False
    result.listed = result.ignored = result.due = result.gone_from_lake = result.older_version_live = None
    result.live, result.superseded, result.held = (total.objects for total in result.totals)
    result.parked_objects, result.waiting_objects = parked, waiting
    result.parked, result.waiting = len(parked), len(waiting)


def _count_listing(
    result: Status,
    client: Client,
    object_states: ObjectStates,
    listing: Listing,
    parked: list[Unread],
    waiting: list[Unread],
) -> None:
    """Parked and ignored are counted by themselves, so that an object in two states breaks the equation."""
    import numpy

    listed = numpy.array(listing.ids, dtype=numpy.uint64)
    states = object_states.states_of(listed)
    result.listed = listing.count
    result.live, result.superseded, result.held = (int((states == number).sum()) for number in range(3))
    known = set(listing.ids) if parked or waiting else set()
    result.parked_objects = [unread for unread in parked if short(unread.object_id) in known]
    result.waiting_objects = [unread for unread in waiting if short(unread.object_id) in known]
    result.parked, result.waiting = len(result.parked_objects), len(result.waiting_objects)
    parked_ids = [short(unread.object_id) for unread in parked]
    result.due = int(((states < 0) & ~is_among(listed, parked_ids)).sum())
    result.ignored = listing.ignored.total()
    result.ignored_by_reason = dict(listing.ignored.most_common())
    outside = unlisted(object_states, listing)
    result.gone_from_lake, result.older_version_live = len(outside.gone), len(outside.overwritten)
    result.gone_keys = keys_of(client, outside.gone[:MAX_GONE_KEYS])


def _count_lines(result: Status, client: Client, object_states: ObjectStates) -> None:
    [live] = [total for total in result.totals if total.state == "live"]
    result.lines_accepted, result.lines_rejected = live.accepted, live.rejected
    if live.rejected:
        result.rejected_by_reason = rejected_by_reason(client, object_states)
    result.miscounted_keys = miscounted_objects(client)
