"""The aggregates of progress count the touched courses anew: all of them, and no other."""

from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.settings import Settings
from tests.dbt_command import ALWAYS_INCREMENTAL, Dbt
from tests.dbt_project.snapshots import built_whole_by, differences, put_aside
from tests.invariance.statements import account_of, activity, moment, statement, statement_id

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CORE = "+tag:near_real_time"
AGGREGATES = ("agg_module_progress", "agg_cohort_progress")
COURSES = ("a", "b", "c", "d", "e")
LEARNERS = 12
MONDAY = 1_767_571_200_000  # 5 January 2026
MINUTE, WEEK = 60_000, 7 * 86_400_000


def done(number: int, learner: str, verb: str, thing: dict, at: int, **near: dict) -> dict:
    """A statement near other activities: parent, grouping."""
    activities = {relation: [other] for relation, other in near.items()}
    context = {"contextActivities": activities}
    return statement(statement_id(1, number), account_of(learner), verb, thing, moment(at), context=context)


def course(name: str) -> dict:
    return activity(f"https://campus.example.org/courses/{name}", "course")


def page(name: str) -> dict:
    return activity(f"https://campus.example.org/pages/{name}", "page")


QUIZ = activity("https://campus.example.org/quizzes/b", "assessment")
QUESTION = activity("https://campus.example.org/questions/b", "question")


def history() -> list[dict]:
    """Two cohorts in each course, one page each; a quiz of course b, whose questions say only that they are its."""
    found: list[dict] = []
    for name in COURSES:
        for number in range(LEARNERS):
            at = MONDAY + (number % 2) * WEEK + number * MINUTE
            found.append(done(len(found), f"{name}-{number}", "viewed", page(name), at, grouping=course(name)))
    for number in range(LEARNERS):
        at, learner = MONDAY + 2 * WEEK + number * MINUTE, f"b-{number}"
        found.append(done(len(found), learner, "attempted", QUIZ, at, grouping=course("b")))
        found.append(done(len(found), learner, "answered", QUESTION, at + 1000, parent=QUIZ))
    return found


def count(client: Client, expression: str, unit: dict) -> int | None:
    query = f"select {expression} from marts.agg_module_progress where unit_id = {{unit_id:String}}"
    return client.query(query, {"unit_id": unit["id"]}).result_rows[0][0]


def test_a_course_is_counted_anew_where_progress_or_membership_changed(
    warehouse: Client, settings: Settings, deliver: Callable[..., None]
):
    dbt = Dbt(settings, ALWAYS_INCREMENTAL)
    # Anna has nothing but an answer in course b, and names no course.
    answer = done(900, "anna", "answered", QUESTION, MONDAY, parent=QUIZ)
    deliver({"history": history(), "anna": [answer, "not a statement"]})
    dbt.run("seed")
    dbt.run("run", "--select", CORE)
    whole = built_whole_by(warehouse)
    assert set(AGGREGATES) < set(whole)
    assert count(warehouse, "reached_count", QUIZ) == LEARNERS + 1
    assert count(warehouse, "engaged_count", page("a")) == 0

    # Her answer is taken back. The first learner of course a is in c five minutes later: so long the page was read.
    # Ben is new in d, and has reached nothing there.
    visit = done(901, "a-0", "viewed", page("c"), MONDAY + 5 * MINUTE, grouping=course("c"))
    enrolment = done(902, "ben", "registered", course("d"), MONDAY)
    deliver({"anna": ["not a statement"], "news": [visit, enrolment]})
    dbt.run("run", "--select", CORE)
    touched = warehouse.query("select course_id from intermediate.int_touched_courses").result_rows
    assert {row[0] for row in touched} == {course(name)["id"] for name in "abcd"}
    assert count(warehouse, "reached_count", QUIZ) == LEARNERS
    assert count(warehouse, "engaged_count", page("a")) == 1
    assert count(warehouse, "reached_count", page("c")) == LEARNERS + 1
    assert count(warehouse, "eligible_count", page("d")) == LEARNERS + 1
    assert built_whole_by(warehouse) == whole

    # A list of learners changes course e, which no statement touches.
    listed = {"actor": account_of("fern"), "course_id": course("e")["id"], "enrolled_at": moment(MONDAY)}
    deliver({"learners/list.ndjson": [listed]})
    dbt.run("run", "--select", CORE)
    assert warehouse.query("select count() from intermediate.int_touched_courses").result_rows == [(0,)]
    assert count(warehouse, "eligible_count", page("e")) == LEARNERS + 1
    put_aside(warehouse, "kept")
    dbt.run("run", "--select", *(f"+{name}" for name in AGGREGATES), "--full-refresh")
    assert built_whole_by(warehouse) != whole
    assert differences(warehouse, "kept") == {}
