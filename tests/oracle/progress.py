"""Unit progress (metrics.md §1, §4): who reached which unit of which course."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.oracle.events import Event


@dataclass(frozen=True)
class Place:
    """Where an activity lies in one course."""

    activity_type: str
    module_id: str
    parent_id: str


@dataclass(frozen=True)
class Reached:
    reached_at: int
    last_active_at: int
    event_count: int


# Activity → course → where it lies there.
Places = Mapping[str, Mapping[str, Place]]
Key = tuple[str, str, str]


def progress(
    events: Iterable[Event], places: Places, units: set[tuple[str, str]], enrolled: set[tuple[str, str]]
) -> dict[Key, Reached]:
    """(learner, course, unit) → what the learner did there. `units`: (course, unit); `enrolled`: (learner, course)."""
    indexes: defaultdict[Key, list[int]] = defaultdict(list)
    for event in events:
        if event.verb_group == "administration" or event.verb == "waived":
            continue
        course = event.course_id or _only_course(event, places.get(event.activity_id, {}), enrolled)
        place = places.get(event.activity_id, {}).get(course)
        if place is None:
            continue
        inside = {event.activity_id, place.module_id} | (
            {place.parent_id} if place.activity_type == "question" else set()
        )
        for unit in inside:
            if (course, unit) in units:
                indexes[event.learner, course, unit].append(event.at)
    return {key: Reached(min(times), max(times), len(times)) for key, times in indexes.items()}


def _only_course(event: Event, courses: Mapping[str, Place], enrolled: set[tuple[str, str]]) -> str:
    """The only course of the activity, else the only one of these that the learner is in, else none."""
    own = [course for course in courses if (event.learner, course) in enrolled]
    possible = list(courses) if len(courses) == 1 else own
    return possible[0] if len(possible) == 1 else ""
