"""The aggregates of progress recount the touched courses: all of them, and no other. And a sample of each table is
built by the SQL of the whole table: equal after increments, and not after damage.

The tests follow one another on one warehouse, of which every unit is in the sample.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.loading.state.rebuilds import SAMPLED_REBUILDS, Comparison, compare, sampled_rebuilds
from orchestration.settings import Settings
from tests.dbt_command import TOUCHED, Dbt
from tests.dbt_project.snapshots import built_whole_by, differences, put_aside
from tests.invariance.statements import account_of, activity, moment, statement, statement_id

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EVERYTHING = "{rebuild_touched_ratio: 1000000, rebuilt_sample_learners: 1000000}"
AGGREGATES = ("agg_module_progress", "agg_cohort_progress")
COURSES = ("a", "b", "c", "d", "e")
LEARNERS = 12
MONDAY = 1_767_571_200_000  # 5 January 2026
MINUTE, HOUR, WEEK = 60_000, 3_600_000, 7 * 86_400_000
VISITORS = 20
SINCE = datetime(2000, 1, 1, tzinfo=UTC)


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
    statements: list[dict] = []
    for name in COURSES:
        for number in range(LEARNERS):
            at = MONDAY + (number % 2) * WEEK + number * MINUTE
            statements.append(
                done(len(statements), f"{name}-{number}", "viewed", page(name), at, grouping=course(name))
            )
    for number in range(LEARNERS):
        at, learner = MONDAY + 2 * WEEK + number * MINUTE, f"b-{number}"
        statements.append(done(len(statements), learner, "attempted", QUIZ, at, grouping=course("b")))
        statements.append(done(len(statements), learner, "answered", QUESTION, at + 1000, parent=QUIZ))
    # Courses d and e share a page. Gil reads it, names no course and is in one by a list only.
    statements += [
        done(len(statements) + n, f"{c}-0", "viewed", page("shared"), at, grouping=course(c))
        for n, c in enumerate("de")
    ]
    return [*statements, done(len(statements), "gil", "viewed", page("shared"), at)]


def visit(number: int, learner: int, at: int) -> list[dict]:
    """In a course of its own, a video played for a minute, and a question answered."""
    video = activity("https://campus.example.org/videos/v", "video")
    question = activity("https://campus.example.org/questions/v", "question")
    context = {"contextActivities": {"grouping": [course("v")]}}
    time = "https://w3id.org/xapi/video/extensions/time"
    steps = [
        ("played", video, {"extensions": {time: 0}}),
        ("paused", video, {"extensions": {time: 60}}),
        ("answered", question, {"success": True}),
    ]
    return [
        statement(
            statement_id(2 + number, step),
            account_of(f"v-{learner}"),
            verb,
            thing,
            moment(at + step * MINUTE),
            context=context,
            result=result,
        )
        for step, (verb, thing, result) in enumerate(steps)
    ]


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


@pytest.fixture(scope="module")
def dbt(settings: Settings) -> Callable[..., None]:
    about_samples = {"WAREHOUSE_SAMPLED_REBUILDS": SAMPLED_REBUILDS}
    return Dbt(settings, ("--vars", EVERYTHING), environment=about_samples).run


@pytest.fixture(scope="module")
def whole(warehouse: Client, dbt: Callable[..., None], deliver: Callable[..., None]) -> dict[str, str]:
    """Table → the run that built it whole, after the first build."""
    # Anna has nothing but an answer in course b, and names no course.
    answer = done(900, "anna", "answered", QUESTION, MONDAY, parent=QUIZ)
    visits = [line for n in range(VISITORS) for line in visit(n, n, MONDAY + n * HOUR)]
    news = {"history": history(), "anna": [answer, "not a statement"], "visits": visits}
    deliver(news | {"learners/list.ndjson": [enrolled("gil", "d")]})
    dbt("seed")
    dbt("run", *TOUCHED)
    return built_whole_by(warehouse)


@pytest.fixture(scope="module")
def compared(warehouse: Client) -> Callable[[], dict[str, Comparison]]:
    """compared() looks at all tables that the latest build wrote down."""
    asked = sampled_rebuilds(warehouse, SINCE)
    return lambda: {comparison.relation: comparison for comparison in (compare(warehouse, table) for table in asked)}


@pytest.fixture(scope="module")
def kept(warehouse: Client) -> None:
    """The marts as increments made them, put aside before they are damaged."""
    put_aside(warehouse, "kept")


def test_a_course_is_recounted_where_progress_or_membership_changed(
    warehouse: Client, dbt: Callable[..., None], whole: dict[str, str], deliver: Callable[..., None]
):
    assert set(AGGREGATES) < set(whole)
    assert count(warehouse, "reached_count", QUIZ) == LEARNERS + 1
    assert count(warehouse, "engaged_count", page("a")) == 0
    assert [count(warehouse, "reached_count", page("shared"), of) for of in "de"] == [2, 1]

    # Her answer is taken back. The first learner of course a is in c five minutes later: so long the page was read.
    # Ben is new in d, and has reached nothing there. Three visitors come to v once more.
    look = done(901, "a-0", "viewed", page("c"), MONDAY + 5 * MINUTE, grouping=course("c"))
    enrolment = done(902, "ben", "registered", course("d"), MONDAY)
    visits = [line for n in range(3) for line in visit(100 + n, n, MONDAY + (n + 1) * HOUR)]
    deliver({"anna": ["not a statement"], "news": [look, enrolment], "more": visits})
    dbt("run", *TOUCHED)
    touched = warehouse.query("select course_id from intermediate.int_touched_courses").result_rows
    assert {row[0] for row in touched} == {course(name)["id"] for name in "abcdv"}
    assert count(warehouse, "reached_count", QUIZ) == LEARNERS
    assert count(warehouse, "engaged_count", page("a")) == 1
    assert count(warehouse, "reached_count", page("c")) == LEARNERS + 1
    assert count(warehouse, "eligible_count", page("d")) == LEARNERS + 2
    assert built_whole_by(warehouse) == whole


def test_after_increments_every_table_equals_a_rebuild(warehouse: Client, compared: Callable):
    tables = compared()
    assert len(tables) == 19
    assert {name: comparison for name, comparison in tables.items() if not comparison.is_equal} == {}
    events, learners = warehouse.query("select count(), uniqExact(learner_id) from marts.fct_learning_events").first_row
    assert events > 3 * (VISITORS + 3)
    assert tables["marts.fct_sessions"].unit_count == learners
    assert tables["marts.fct_learning_events"].row_count == events
    # Beside them the line that is no statement.
    assert tables["staging.stg_xapi__statements"].row_count == events + 1


def test_a_list_of_learners_changes_courses_that_no_statement_touches(
    warehouse: Client, dbt: Callable[..., None], deliver: Callable[..., None]
):
    deliver({"learners/list.ndjson": [enrolled("fern", "e"), enrolled("gil", "e")]})
    dbt("run", *TOUCHED)
    assert warehouse.query("select count() from intermediate.int_touched_courses").result_rows == [(0,)]
    assert count(warehouse, "eligible_count", page("e")) == LEARNERS + 2
    assert [count(warehouse, "reached_count", page("shared"), of) for of in "de"] == [1, 2]


@pytest.mark.parametrize(
    ("table", "damage", "only_in_table", "only_in_rebuild"),
    [
        ("marts.fct_sessions", "update event_count = event_count + 1", 1, 1),
        ("marts.fct_learning_events", "delete", 0, 3),
    ],
)
def test_damage_is_seen_and_named(
    warehouse: Client,
    kept: None,
    compared: Callable,
    table: str,
    damage: str,
    only_in_table: int,
    only_in_rebuild: int,
):
    learner = warehouse.query(
        "select learner_id from marts.fct_learning_events where course_id = {course:String} "
        "group by learner_id having count() = 3 order by learner_id limit 1",
        {"course": course("v")["id"]},
    ).first_row[0]
    warehouse.command(f"alter table {table} {damage} where learner_id = '{learner}' settings mutations_sync = 1")
    comparison = compared()[table]
    assert (comparison.differing_count, comparison.differing_units) == (1, [learner])
    assert (comparison.live_rows, comparison.rebuilt_rows) == (only_in_table, only_in_rebuild)


def test_a_whole_build_repairs_damage_and_counts_as_the_increments_did(
    warehouse: Client, dbt: Callable[..., None], whole: dict[str, str], kept: None, compared: Callable
):
    asked = (*(f"+{name}" for name in AGGREGATES), "fct_sessions", "fct_learning_events")
    dbt("run", "--select", *asked, "--full-refresh")
    assert built_whole_by(warehouse) != whole
    assert differences(warehouse, "kept") == {}
    assert [name for name, table in compared().items() if not table.is_equal] == []


def test_no_table_of_a_sample_is_left_behind(warehouse: Client):
    left = "select count() from system.tables where name like '%\\_\\_sampled'"
    assert warehouse.query(left).first_row[0] == 0
