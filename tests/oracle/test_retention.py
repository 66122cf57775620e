"""Retention counts calendar weeks (metrics.md §7), as the oracle reads the definition."""

from tests.oracle.definitions import DAY, WEEK
from tests.oracle.retention import FIRST_MONDAY, Enrolment, retention
from tests.oracle.test_course_ends import visit


def test_activity_before_the_enrolment_counts_in_its_week_and_not_in_weeks_before():
    learners = [str(number) for number in range(10)]
    enrolments = [Enrolment(learner, "c", FIRST_MONDAY + WEEK + 6 * DAY, "ads") for learner in learners]
    visits = [visit(number, week) for number in range(10) for week in (0, 1)]
    cells = retention(visits, enrolments, {}, frozenset(), FIRST_MONDAY + 4 * WEEK)
    active = [cells["enrolment", FIRST_MONDAY + WEEK, "c", "all", age, "bounded"].active for age in (0, 1)]
    assert active == [10, 0]
