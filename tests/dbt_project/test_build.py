"""The whole dbt project on a throw-away warehouse: it builds, and its tests pass.

That the marts depend on the data only is shown in tests/invariance.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.loading import load_pending
from orchestration.resources.drops import put_drop
from orchestration.resources.lake import S3Lake
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.simulate.truth import read_truth
from tests.dbt_project.snapshots import differences, marts, put_aside

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# The simulator knows every verb that it sends, never sends two contents under one id, and keeps to the specification;
# few of its learners complete all modules of a course, and in so few weeks none may. dbt alone trains no churn model.
EMPTY_AT_THIS_SIZE = frozenset(
    {
        "agg_video_hot_spots",
        "agg_unmapped_activity_types",
        "agg_intervention_uplift",
        "agg_unmapped_verbs",
        "fct_churn_figures",
        "fct_churn_runs",
        "fct_churn_scores",
        "fct_course_endings",
        "fct_flagged_lines",
        "fct_interventions",
        "fct_required_verbs",
        "fct_statement_conflicts",
    }
)


@pytest.fixture(scope="module")
def loaded(warehouse: Client, lake: S3Lake, settings: Settings, simulated: Path) -> Client:
    """The warehouse with the simulation's drops in raw."""
    put_drop(lake, [simulated])
    report = load_pending(warehouse, lake, settings)
    assert (report.parked_count, report.held_count) == (0, 0)
    return warehouse


@pytest.fixture(scope="module")
def built(loaded: Client, dbt: Callable[..., None]) -> Client:
    """The warehouse after `dbt build`: seeds, models, data tests and unit tests.

    The simulation's data are whole, so that a test that only warns must hold as well.
    """
    dbt("--warn-error-options", "{error: [LogTestResult]}", "build")
    return loaded


def test_the_project_builds_and_every_mart_has_rows(built: Client):
    assert marts(built) == sorted(path.stem for path in (PROJECT_ROOT / "models" / "marts").rglob("*.sql"))
    empty = [mart for mart in marts(built) if not built.query(f"select count() from marts.{mart}").result_rows[0][0]]
    assert set(empty) <= EMPTY_AT_THIS_SIZE


def test_progress_is_that_of_the_simulated_learners(built: Client, simulated: Path):
    """Every learner who reached a module in the simulation is counted, late, doubled or split as the events came."""
    counted = built.query("select unit_id, reached_count from marts.agg_module_progress where unit_kind = 'module'")
    truth = read_truth(simulated)
    assert dict(counted.result_rows) == {module.module_id: module.reached_count for module in truth.modules}


def test_a_difference_is_found(warehouse: Client):
    warehouse.command("create database if not exists marts")
    warehouse.command("create table marts.t engine = MergeTree order by tuple() as select 1 as a, toNullable('x') as b")
    put_aside(warehouse, "aside")
    assert differences(warehouse, "aside") == {}
    warehouse.command("insert into marts.t values (2, null)")
    warehouse.command("truncate table aside.t")
    warehouse.command("insert into aside.t values (1, 'y'), (2, null)")
    assert differences(warehouse, "aside") == {"t": "rows then 2, now 2; columns that differ: ['b']"}
    warehouse.command("rename table marts.t to marts.u")
    assert differences(warehouse, "aside") == {"t": "is gone", "u": "is new"}
    assert differences(warehouse, "aside", without=frozenset({"t", "u"})) == {}
    warehouse.command("drop database aside")
    warehouse.command("drop table marts.u")
