"""When a course is over, as the oracle reads the definition; the same courses stand in dim_course_runs.yml."""

import pytest

from tests.oracle.definitions import WEEK
from tests.oracle.events import Event
from tests.oracle.retention import FIRST_MONDAY, course_ends

MANY = range(12)
TERM = [(learner, week) for learner in MANY for week in range(5)]
NOW = FIRST_MONDAY + 31 * WEEK


def visit(learner: int, week: int) -> Event:
    at = FIRST_MONDAY + week * WEEK
    nothing = {"player_session": "", "registration": "", "segments": "", "arrival": "", "is_part": False}
    numbers = dict.fromkeys(("position", "position_from", "position_to", "rate", "length"))
    words = {"source": "s", "verb": "viewed", "verb_group": "navigation", "activity_id": "p", "activity_type": "page"}
    name = f"{learner}-{week}"
    return Event(
        statement_id=name,
        is_before_start=False,
        learner=str(learner),
        course_id="c",
        at=at,
        **words,
        **numbers,
        **nothing,
    )


@pytest.mark.parametrize(
    ("visits", "end"),
    [
        (TERM, 5),
        ([*TERM, (0, 9)], 5),
        ([*TERM, *((learner, 25) for learner in MANY)], None),
        ([(learner, week) for learner in MANY for week in (0, 1, 2, 3, 16, 17, 18, 19)], None),
        ([*TERM, *((week % 4, week) for week in range(8, 31, 3))], None),
        ([*TERM, *((0, week) for week in range(8, 31, 3))], None),
        ([(learner, week) for learner in MANY for week in (0, 1)], None),
        ([(learner, week) for learner in range(5) for week in range(5)], None),
    ],
    ids=["over", "straggler", "too_recent", "seasonal", "self_paced", "one_goes_on", "young", "small"],
)
def test_a_course_is_over_when_it_falls_silent_for_good(visits: list[tuple[int, int]], end: int | None):
    ends = course_ends([visit(learner, week) for learner, week in visits], frozenset(), NOW)
    assert ends == ({} if end is None else {"c": FIRST_MONDAY + end * WEEK})
