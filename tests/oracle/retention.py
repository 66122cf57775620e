"""Cohort retention (metrics.md §7)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from tests.oracle.definitions import DAY, WEEK, threshold
from tests.oracle.events import Event
from tests.oracle.statistics import wilson

# 1970-01-01 was a Thursday: the first Monday is four days later.
FIRST_MONDAY = 4 * DAY


@dataclass(frozen=True)
class Enrolment:
    learner: str
    course_id: str
    at: int
    channel: str


@dataclass(frozen=True)
class Cell:
    """One cell of the table; the counts are None when censored or too few."""

    cohort_size: int
    eligible: int
    active: int | None
    ratio: float | None
    bounds: tuple[float, float] | None
    reason: str


Key = tuple[str, int, str, str, int, str]


def week(at: int) -> int:
    """The Monday (milliseconds) of an instant."""
    return (at - FIRST_MONDAY) // WEEK * WEEK + FIRST_MONDAY


def retention(
    events: Iterable[Event],
    enrolments: Iterable[Enrolment],
    channels: dict[str, str],
    excluded: frozenset[str],
    complete_through: int,
) -> dict[Key, Cell]:
    """(basis, cohort week, course or all, channel or all, age, definition) → cell."""
    active: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    first: dict[tuple[str, str], int] = {}
    for event in events:
        if event.learner in excluded:
            continue
        for course in {"all", event.course_id} - {""}:
            key = (event.learner, course)
            active[key].add(event.at)
            first[key] = min(first.get(key, event.at), event.at)
    members = {
        ("first_activity", learner, course): (at, channels.get(learner, "unknown"))
        for (learner, course), at in first.items()
    }
    members |= _enrolled(enrolments, excluded)
    cohorts: defaultdict[tuple[str, int, str, str], list[tuple[str, int]]] = defaultdict(list)
    for (basis, learner, course), (at, channel) in members.items():
        for shown in ("all", channel):
            cohorts[basis, week(at), course, shown].append((learner, at))
    return _cells(cohorts, active, complete_through)


def _enrolled(enrolments: Iterable[Enrolment], excluded: frozenset[str]) -> dict:
    """Per course the enrolment, and for all courses together the first one."""
    found = {}
    for enrolment in sorted(enrolments, key=lambda known: (known.at, known.course_id)):
        if enrolment.learner in excluded:
            continue
        for course in ("all", enrolment.course_id):
            key = ("enrolment", enrolment.learner, course)
            found.setdefault(key, (enrolment.at, enrolment.channel or "unknown"))
    return found


def _cells(cohorts: dict, active: dict, complete_through: int) -> dict[Key, Cell]:
    cells = {}
    for (basis, start, course, channel), members in cohorts.items():
        ages = range((complete_through - start) // WEEK + 1)
        for age, definition in product(ages, ("bounded", "unbounded")):
            monday = start + age * WEEK
            is_complete = monday + WEEK <= complete_through
            count = sum(_is_active(active[learner, course], at, monday, definition) for learner, at in members)
            key = (basis, start, course, channel, age, definition)
            cells[key] = _cell(len(members), count, is_complete)
    return cells


def _is_active(times: set[int], since: int, monday: int, definition: str) -> bool:
    """Active in the week, or from the week on; before the enrolment nothing counts."""
    last = monday + WEEK if definition == "bounded" else max(times, default=0) + 1
    return any(max(monday, since) <= at < last for at in times)


def _cell(size: int, count: int, is_complete: bool) -> Cell:
    eligible = size if is_complete else 0
    if size < threshold("minimum_group_size"):
        return Cell(size, eligible, None, None, None, "suppressed")
    if not is_complete:
        return Cell(size, eligible, None, None, None, "censored")
    return Cell(size, eligible, count, count / size, wilson(count, size), "")
