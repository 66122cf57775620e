"""The aggregates of progress recount the touched courses: all of them, and no other."""

from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.settings import Settings
from tests.dbt_command import ALWAYS_INCREMENTAL, TOUCHED, Dbt
from tests.dbt_project.snapshots import built_whole_by, differences, put_aside
from tests.invariance.statements import account_of, activity, moment, statement, statement_id

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

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
    # Courses d and e share a page. Gil reads it, names no course and is in one by a list only.
    found += [
        done(len(found) + n, f"{c}-0", "viewed", page("shared"), at, grouping=course(c)) for n, c in enumerate("de")
    ]
    return [*found, done(len(found), "gil", "viewed", page("shared"), at)]


def enrolled(learner: str, name: str) -> dict:
    return {"actor": account_of(learner), "course_id": course(name)["id"], "enrolled_at": moment(MONDAY)}


def count(client: Client, expression: str, unit: dict, of: str = "") -> int | None:
    """A number of a unit, of a shared one in the course of this name."""
    query = (
        f"select {expression} from marts.agg_module_progress where unit_id = {{unit_id:String}} "
        "and ({course_id:String} = '' or course_id = {course_id:String})"
    )
    place = {"unit_id": unit["id"], "course_id": course(of)["id"] if of else ""}
    rows = client.query(query, place).result_rows
    assert len(rows) == 1
    return rows[0][0]


def test_a_course_is_counted_anew_where_progress_or_membership_changed(
    warehouse: Client, settings: Settings, deliver: Callable[..., None]
):
    dbt = Dbt(settings, ALWAYS_INCREMENTAL)
    # Anna has nothing but an answer in course b, and names no course.
    answer = done(900, "anna", "answered", QUESTION, MONDAY, parent=QUIZ)
    news = {"history": history(), "anna": [answer, "not a statement"]}
    deliver(news | {"learners/list.ndjson": [enrolled("gil", "d")]})
    dbt.run("seed")
    dbt.run("run", *TOUCHED)
    whole = built_whole_by(warehouse)
    assert set(AGGREGATES) < set(whole)
    assert count(warehouse, "reached_count", QUIZ) == LEARNERS + 1
    assert count(warehouse, "engaged_count", page("a")) == 0
    assert [count(warehouse, "reached_count", page("shared"), of) for of in "de"] == [2, 1]

    # Her answer is taken back. The first learner of course a is in c five minutes later: so long the page was read.
    # Ben is new in d, and has reached nothing there.
    visit = done(901, "a-0", "viewed", page("c"), MONDAY + 5 * MINUTE, grouping=course("c"))
    enrolment = done(902, "ben", "registered", course("d"), MONDAY)
    deliver({"anna": ["not a statement"], "news": [visit, enrolment]})
    dbt.run("run", *TOUCHED)
    touched = warehouse.query("select course_id from intermediate.int_touched_courses").result_rows
    assert {row[0] for row in touched} == {course(name)["id"] for name in "abcd"}
    assert count(warehouse, "reached_count", QUIZ) == LEARNERS
    assert count(warehouse, "engaged_count", page("a")) == 1
    assert count(warehouse, "reached_count", page("c")) == LEARNERS + 1
    assert count(warehouse, "eligible_count", page("d")) == LEARNERS + 2
    assert built_whole_by(warehouse) == whole

    # A list of learners changes courses d and e, which no statement touches.
    deliver({"learners/list.ndjson": [enrolled("fern", "e"), enrolled("gil", "e")]})
    dbt.run("run", *TOUCHED)
    assert warehouse.query("select count() from intermediate.int_touched_courses").result_rows == [(0,)]
    assert count(warehouse, "eligible_count", page("e")) == LEARNERS + 2
    assert [count(warehouse, "reached_count", page("shared"), of) for of in "de"] == [1, 2]
    put_aside(warehouse, "kept")
    dbt.run("run", "--select", *(f"+{name}" for name in AGGREGATES), "--full-refresh")
    assert built_whole_by(warehouse) != whole
    assert differences(warehouse, "kept") == {}
