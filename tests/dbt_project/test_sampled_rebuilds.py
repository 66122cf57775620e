"""A sample of each table is built by the SQL of the whole table: equal after increments, and not after damage.

The tests follow one another on one warehouse, of which every unit is in the sample.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.loading.state.rebuilds import SAMPLED_REBUILDS, Comparison, compare, sampled_rebuilds
from orchestration.settings import Settings
from tests.dbt_command import MODELS_ONLY, TOUCHED, Dbt
from tests.invariance.statements import account_of, activity, moment, statement, statement_id

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EVERYTHING = "{rebuild_touched_ratio: 1000000, rebuilt_sample_learners: 1000000}"
LEARNERS = 20
MONDAY, HOUR = 1_767_571_200_000, 3_600_000  # 5 January 2026
SINCE = datetime(2000, 1, 1, tzinfo=UTC)


def visit(number: int, learner: int, at: int) -> list[dict]:
    """A video played for a minute, and a question answered."""
    course = {"contextActivities": {"grouping": [activity("https://campus.example.org/courses/a", "course")]}}
    video = activity("https://campus.example.org/videos/a", "video")
    question = activity("https://campus.example.org/questions/a", "question")
    time = "https://w3id.org/xapi/video/extensions/time"

    def said(step: int, verb: str, thing: dict, **more: object) -> dict:
        return statement(
            statement_id(number, step), account_of(f"l-{learner}"), verb, thing, moment(at + step * 60_000), **more
        )

    return [
        said(0, "played", video, context=course, result={"extensions": {time: 0}}),
        said(1, "paused", video, context=course, result={"extensions": {time: 60}}),
        said(2, "answered", question, context=course, result={"success": True}),
    ]


@pytest.fixture(scope="module")
def dbt(settings: Settings) -> Callable[..., None]:
    about_samples = {"WAREHOUSE_SAMPLED_REBUILDS": SAMPLED_REBUILDS}
    return Dbt(settings, ("--vars", EVERYTHING), environment=about_samples).run


@pytest.fixture(scope="module")
def compared(warehouse: Client, deliver: Callable, dbt: Callable) -> Callable[[], dict[str, Comparison]]:
    """compared() looks at all tables; they were built whole, and then for a second drop of some learners."""
    deliver({"first": [line for n in range(LEARNERS) for line in visit(n, n, MONDAY + n * HOUR)]})
    dbt("build", *TOUCHED, *MODELS_ONLY)
    deliver({"second": [line for n in range(3) for line in visit(100 + n, n, MONDAY + (n + 1) * HOUR)]})
    dbt("build", *TOUCHED, *MODELS_ONLY)
    asked = sampled_rebuilds(warehouse, SINCE)
    return lambda: {found.relation: found for found in (compare(warehouse, each) for each in asked)}


@pytest.fixture(scope="module")
def tables(warehouse: Client, compared: Callable) -> dict[str, Comparison]:
    return compared()


def test_after_an_increment_every_table_equals_a_rebuild(tables: dict[str, Comparison]):
    assert len(tables) == 19
    assert {name: each for name, each in tables.items() if not each.is_equal} == {}
    assert tables["marts.fct_sessions"].unit_count == LEARNERS
    assert tables["marts.fct_learning_events"].row_count == 3 * (LEARNERS + 3)
    assert tables["staging.stg_xapi__statements"].row_count == 3 * (LEARNERS + 3)


@pytest.mark.parametrize(
    ("table", "damage", "only_in_table", "only_in_rebuild"),
    [
        ("marts.fct_sessions", "update event_count = event_count + 1", 1, 1),
        ("marts.fct_learning_events", "delete", 0, 3),
    ],
)
def test_damage_is_seen_and_named_and_a_rebuild_repairs_it(
    warehouse: Client,
    compared: Callable,
    dbt: Callable,
    table: str,
    damage: str,
    only_in_table: int,
    only_in_rebuild: int,
):
    learner = warehouse.query(
        "select learner_id from marts.fct_sessions group by learner_id having count() = 1 order by learner_id limit 1"
    ).first_row[0]
    warehouse.command(f"alter table {table} {damage} where learner_id = '{learner}' settings mutations_sync = 1")
    found = compared()[table]
    assert (found.differing_count, found.differing_units) == (1, [learner])
    assert (found.live_rows, found.rebuilt_rows) == (only_in_table, only_in_rebuild)
    dbt("run", "--full-refresh", "--select", f"{table.partition('.')[2]}+,config.materialized:touched")
    assert compared()[table].is_equal


def test_no_table_of_a_sample_is_left_behind(warehouse: Client, tables: dict[str, Comparison]):
    left = "select count() from system.tables where name like '%\\_\\_sampled'"
    assert warehouse.query(left).first_row[0] == 0
