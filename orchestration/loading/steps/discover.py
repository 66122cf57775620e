"""Step 1, discover: what the lake holds, set against what the ledger knows, one page of the listing at a time.

listed = live + superseded + held + parked + ignored + due. Every listed object is in exactly one of these states.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched, chain

from clickhouse_connect.driver.client import Client

from orchestration.loading.lake.objects import Drop, Lake, LakeObject, drop_from, is_unsafe, reason_to_ignore
from orchestration.loading.lake.scope import EVERYTHING, Scope
from orchestration.loading.ledger.entries import MAX_IDS, Failure, committed_ids, failures, server_now


@dataclass
class Discovery:
    """The listing, or a page of it, sorted by what must happen to each object."""

    committed: list[Drop] = field(default_factory=list)
    parked: list[tuple[Drop, Failure]] = field(default_factory=list)
    ignored: list[tuple[LakeObject, str]] = field(default_factory=list)
    unsafe: list[Drop] = field(default_factory=list)
    """Due, but never readable: parked at the next load."""
    ready: list[Drop] = field(default_factory=list)
    waiting: list[Drop] = field(default_factory=list)
    """Due, after the pause that follows a failed try."""
    settled_count: int = 0
    """Of pages whose settled objects were not kept: how many these were."""

    @property
    def due(self) -> list[Drop]:
        return self.unsafe + self.ready + self.waiting

    @property
    def actionable(self) -> list[Drop]:
        """What a load would do something about now."""
        return self.unsafe + self.ready

    @property
    def listed_count(self) -> int:
        return len(self.committed) + len(self.parked) + len(self.ignored) + len(self.due) + self.settled_count

    def add_unsettled(self, page: "Discovery") -> None:
        """Take over what a load may have to do with: of a million settled objects only the number is kept."""
        self._add_open(page)
        self.settled_count += len(page.committed) + len(page.ignored)

    def add(self, page: "Discovery") -> None:
        """Take over all of it."""
        self._add_open(page)
        self.committed += page.committed
        self.ignored += page.ignored

    def _add_open(self, page: "Discovery") -> None:
        self.parked += page.parked
        self.unsafe += page.unsafe
        self.ready += page.ready
        self.waiting += page.waiting
        self.settled_count += page.settled_count


def discover_pages(client: Client, lake: Lake, scope: Scope = EVERYTHING) -> Iterator[Discovery]:
    """List the scope and sort what is there, in pieces: memory does not grow with the lake."""
    entries = chain.from_iterable(lake.list_objects(prefix) for prefix in scope.prefixes)
    return (sort_page(client, lake.bucket, page) for page in batched(entries, MAX_IDS))


def discover(
    client: Client, lake: Lake, scope: Scope = EVERYTHING, visit: Callable[[Discovery], None] | None = None
) -> Discovery:
    """The whole listing of the scope at once; about 1 kB for each object.

    With `visit` each page is shown to it in full, and of what is settled only the number is kept.
    """
    discovery = Discovery()
    for page in discover_pages(client, lake, scope):
        if visit:
            visit(page)
            discovery.add_unsettled(page)
        else:
            discovery.add(page)
    return discovery


def sort_page(client: Client, bucket: str, entries: Sequence[LakeObject]) -> Discovery:
    """Sort at most MAX_IDS listing entries, asking the ledger about these only."""
    discovery = Discovery()
    drops = []
    for entry in entries:
        reason = reason_to_ignore(entry.key)
        if reason:
            discovery.ignored.append((entry, reason))
        else:
            drops.append(drop_from(bucket, entry))
    committed = committed_ids(client, [drop.object_id for drop in drops])
    failed = failures(client, [drop.object_id for drop in drops if drop.object_id not in committed])
    discovery.add(sort_drops(drops, committed, failed, server_now(client)))
    return discovery


def sort_drops(drops: Iterable[Drop], committed: set[str], failed: dict[str, Failure], now: datetime) -> Discovery:
    """Put each drop where it belongs; a commit outweighs a failure before it."""
    discovery = Discovery()
    for drop in drops:
        failure = failed.get(drop.object_id)
        if drop.object_id in committed:
            discovery.committed.append(drop)
        elif failure and failure.is_parked_at(now):
            discovery.parked.append((drop, failure))
        elif is_unsafe(drop.key):
            discovery.unsafe.append(drop)
        elif failure and failure.waits_at(now):
            discovery.waiting.append(drop)
        else:
            discovery.ready.append(drop)
    return discovery


def pending(client: Client, lake: Lake, scope: Scope = EVERYTHING) -> list[Drop]:
    """The objects that the next load would read or park."""
    return [drop for page in discover_pages(client, lake, scope) for drop in page.actionable]


def is_anything_due(client: Client, lake: Lake, scope: Scope = EVERYTHING) -> bool:
    """Whether a load would do anything; the listing goes on only as long as the answer is no."""
    return any(page.actionable for page in discover_pages(client, lake, scope))
