"""Cohort retention (metrics.md §7), and when a course that says nothing of its end is over."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise, product

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
    cohorts: defaultdict[tuple[str, int, str, str], list[str]] = defaultdict(list)
    for (basis, learner, course), (at, channel) in members.items():
        for shown in ("all", channel):
            cohorts[basis, week(at), course, shown].append(learner)
    return _cells(cohorts, active, complete_through, course_ends(events, excluded, complete_through))


def course_ends(events: Iterable[Event], excluded: frozenset[str], complete_through: int) -> dict[str, int]:
    """Course → the Monday from which on it is over; only courses that are."""
    visitors: defaultdict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for event in events:
        is_own_doing = event.verb_group != "administration" and event.verb != "waived"
        if event.course_id and is_own_doing and event.learner not in excluded:
            visitors[event.course_id][week(event.at)].add(event.learner)
    ends = {course: _end(weeks, complete_through) for course, weeks in visitors.items()}
    return {course: end for course, end in ends.items() if end is not None}


def _end(weeks: dict[int, set[str]], complete_through: int) -> int | None:
    """The end of the last busy week; None when the course is too small, too young, or may only pause."""
    peak = max(map(len, weeks.values()))
    busy = sorted(monday for monday, learners in weeks.items() if len(learners) >= threshold("course_end_ratio") * peak)
    shared = [monday for monday in busy if len(weeks[monday]) > 1]
    later = [monday for monday in busy if not shared or monday > shared[-1]]
    is_straggler = len(set().union(*map(weeks.get, later))) <= 1 and len(later) < threshold("course_end_min_weeks")
    kept = shared if shared and is_straggler else busy
    pauses = [(after - before) // WEEK - 1 for before, after in pairwise(kept)]
    quiet = (week(complete_through) - kept[-1]) // WEEK - 1
    is_known = peak >= threshold("minimum_group_size") and len(kept) >= threshold("course_end_min_weeks")
    is_over = is_known and quiet >= threshold("course_end_quiet_weeks") and quiet > max(pauses, default=0)
    return kept[-1] + WEEK if is_over else None


def _enrolled(enrolments: Iterable[Enrolment], excluded: frozenset[str]) -> dict:
    """Per course the enrolment, and for all courses together the first one."""
    first_enrolments = {}
    for enrolment in sorted(enrolments, key=lambda known: (known.at, known.course_id)):
        if enrolment.learner in excluded:
            continue
        for course in ("all", enrolment.course_id):
            key = ("enrolment", enrolment.learner, course)
            first_enrolments.setdefault(key, (enrolment.at, enrolment.channel or "unknown"))
    return first_enrolments


def _cells(cohorts: dict, active: dict, complete_through: int, ends: dict[str, int]) -> dict[Key, Cell]:
    cells = {}
    for (basis, start, course, channel), members in cohorts.items():
        ages = range((complete_through - start) // WEEK + 1)
        for age, definition in product(ages, ("bounded", "unbounded")):
            monday = start + age * WEEK
            is_over = monday + WEEK > ends.get(course, complete_through + WEEK)
            is_complete = monday + WEEK <= complete_through
            count = sum(_is_active(active[learner, course], monday, definition) for learner in members)
            key = (basis, start, course, channel, age, definition)
            reason = "course_ended" if is_over else "" if is_complete else "censored"
            cells[key] = _cell(len(members), count, reason)
    return cells


def _is_active(times: set[int], monday: int, definition: str) -> bool:
    """Active in the week, or from the week on: calendar weeks, so that of the enrolment counts from its Monday."""
    last = monday + WEEK if definition == "bounded" else max(times, default=0) + 1
    return any(monday <= at < last for at in times)


def _cell(size: int, count: int, reason: str) -> Cell:
    eligible = 0 if reason else size
    if size < threshold("minimum_group_size"):
        return Cell(size, eligible, None, None, None, "suppressed")
    if reason:
        return Cell(size, eligible, None, None, None, reason)
    return Cell(size, eligible, count, count / size, wilson(count, size), "")
