"""A bounded look at the lake: is anything due here, and where does the next look go on?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from orchestration.loading.lake.objects import Lake, LakeObject
from orchestration.loading.ledger.entries import MAX_IDS
from orchestration.loading.steps.discover import sort_page

LISTING_COST = 100
"""A prefix costs one request even when it is empty: about as long as a hundred objects in a listing (10 ms)."""


@dataclass(frozen=True)
class Position:
    """Where a look goes on: below the prefix, after this key."""

    prefix: str = ""
    after: str = ""


START = Position()


@dataclass(frozen=True)
class Scan:
    """What a look came to."""

    due: str
    """Key of the first drop that a load would do something about; empty when none was seen."""
    next: Position
    """START when all was looked at."""

    @property
    def is_complete(self) -> bool:
        return not self.due and self.next == START


def scan(client: Client, lake: Lake, prefixes: Iterable[str], start: Position, budget: int) -> Scan:
    """Scan below the prefixes, from `start` on, until something is due or the budget is spent.

    The budget counts listed objects, and LISTING_COST for each prefix. A place that exists no more is no error: the
    look goes on at the first prefix behind it.
    """
    page: list[LakeObject] = []
    page_start, spent = start, 0
    for place, entry in _walk(lake, prefixes, start):
        if entry:
            page.append(entry)
        spent += 1 if entry else LISTING_COST
        if len(page) < MAX_IDS and spent < budget:
            continue
        due = _first_due(client, lake.bucket, page)
        if due:
            return Scan(due, page_start)
        if spent >= budget:
            return Scan("", place)
        page, page_start = [], place
    due = _first_due(client, lake.bucket, page)
    return Scan(due, page_start if due else START)


def _walk(lake: Lake, prefixes: Iterable[str], start: Position) -> Iterator[tuple[Position, LakeObject | None]]:
    """Each listed object with the place behind it; and before them each prefix, with no object."""
    for prefix in sorted(prefixes):
        if prefix < start.prefix:
            continue
        after = start.after if prefix == start.prefix else ""
        yield Position(prefix, after), None
        for entry in lake.list_objects(prefix, after):
            yield Position(prefix, entry.key), entry


def _first_due(client: Client, bucket: str, page: Sequence[LakeObject]) -> str:
    due = sort_page(client, bucket, page).actionable if page else []
    return due[0].key if due else ""
