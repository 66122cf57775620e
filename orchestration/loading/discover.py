"""Step 1, discover: what the lake holds, set against what the ledger knows.

listed = live + superseded + held + parked + ignored + due. Every listed object is in exactly one of these states.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from clickhouse_connect.driver.client import Client

from orchestration.loading.ledger import Failure, committed_ids, failures, server_now
from orchestration.loading.objects import Drop, Lake, LakeObject, drop_from, is_unsafe, reason_to_ignore
from orchestration.loading.scope import EVERYTHING, Scope


@dataclass
class Discovery:
    """The listing, sorted by what must happen to each object."""

    committed: list[Drop] = field(default_factory=list)
    parked: list[tuple[Drop, Failure]] = field(default_factory=list)
    ignored: list[tuple[LakeObject, str]] = field(default_factory=list)
    unsafe: list[Drop] = field(default_factory=list)
    """Due, but never readable: parked at the next load."""
    ready: list[Drop] = field(default_factory=list)
    waiting: list[Drop] = field(default_factory=list)
    """Due, after the pause that follows a failed try."""

    @property
    def due(self) -> list[Drop]:
        return self.unsafe + self.ready + self.waiting

    @property
    def actionable(self) -> list[Drop]:
        """What a load would do something about now."""
        return self.unsafe + self.ready

    @property
    def listed_count(self) -> int:
        return len(self.committed) + len(self.parked) + len(self.ignored) + len(self.due)


def discover(client: Client, lake: Lake, scope: Scope = EVERYTHING) -> Discovery:
    """List the scope and sort what is there."""
    entries = (entry for prefix in scope.prefixes for entry in lake.list_objects(prefix))
    return sort_entries(lake.bucket, entries, committed_ids(client), failures(client), server_now(client))


def sort_entries(
    bucket: str, entries: Iterable[LakeObject], committed: set[str], failed: dict[str, Failure], now: datetime
) -> Discovery:
    """Put each listing entry where it belongs; a commit outweighs a failure before it."""
    found = Discovery()
    for entry in entries:
        reason = reason_to_ignore(entry.key)
        if reason:
            found.ignored.append((entry, reason))
            continue
        drop = drop_from(bucket, entry)
        failure = failed.get(drop.object_id)
        if drop.object_id in committed:
            found.committed.append(drop)
        elif failure and failure.is_parked_at(now):
            found.parked.append((drop, failure))
        elif is_unsafe(drop.key):
            found.unsafe.append(drop)
        elif failure and failure.waits_at(now):
            found.waiting.append(drop)
        else:
            found.ready.append(drop)
    return found


def pending(client: Client, lake: Lake) -> list[Drop]:
    """The objects that the next load would read or park."""
    return discover(client, lake).actionable
