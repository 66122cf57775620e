"""The whole dbt project on a throw-away warehouse: it builds, its tests pass, and the marts depend on the data only."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.loading import load_pending
from orchestration.resources.drops import put_drop
from orchestration.resources.lake import S3Lake, connect_lake
from orchestration.settings import Settings
from orchestration.simulate.truth import read_truth
from tests.conftest import DATABASES
from tests.dbt_project.redelivery import redeliver
from tests.dbt_project.snapshots import differences, marts, put_aside
from tests.object_store import s3_client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# These tell how the data came, and must differ when they come otherwise.
DELIVERY_MARTS = frozenset(
    {
        "agg_lateness",
        "fct_drops",
        "fct_event_deliveries",
        "fct_flagged_lines",
        "fct_quarantined_lines",
        "fct_statement_conflicts",
    }
)
# The simulator knows every verb that it sends, never sends two contents under one id, and keeps to the specification;
# few of its learners complete all modules of a course, and in so few weeks none may.
EMPTY_AT_THIS_SIZE = frozenset(
    {"agg_video_hot_spots", "agg_unmapped_verbs", "fct_course_endings", "fct_flagged_lines", "fct_statement_conflicts"}
)


@pytest.fixture(scope="module")
def loaded(warehouse: Client, lake: S3Lake, settings: Settings, simulated: Path) -> Client:
    """The warehouse with the simulation's drops in raw."""
    put_drop(lake, [simulated])
    report = load_pending(warehouse, lake, settings)
    assert (report.parked_count, report.held_count) == (0, 0)
    return warehouse


@pytest.fixture(scope="module")
def built(loaded: Client, dbt: Callable[..., Path]) -> Client:
    """The warehouse after `dbt build`: seeds, models, data tests and unit tests."""
    dbt("build")
    return loaded


def test_the_project_builds_and_every_mart_has_rows(built: Client):
    empty = [mart for mart in marts(built) if not built.query(f"select count() from marts.{mart}").result_rows[0][0]]
    assert set(empty) <= EMPTY_AT_THIS_SIZE


def test_progress_is_that_of_the_simulated_learners(built: Client, simulated: Path):
    """Every learner who reached a module in the simulation is counted, late, doubled or split as the events came."""
    counted = built.query("select unit_id, reached_count from marts.agg_module_progress where unit_kind = 'module'")
    truth = read_truth(simulated)
    assert dict(counted.result_rows) == {module.module_id: module.reached_count for module in truth.modules}


def test_a_second_build_changes_nothing_and_the_same_lines_on_another_road_give_the_same_marts(
    built: Client, dbt: Callable[..., Path], settings: Settings, simulated: Path, tmp_path: Path
):
    put_aside(built, "first_build")
    dbt("run")
    assert differences(built, "first_build") == {}

    for database in DATABASES:
        built.command(f"drop database if exists {database}")
    elsewhere = replace(settings, lake=replace(settings.lake, bucket=f"{settings.lake.bucket}-again"))
    s3_client(elsewhere).create_bucket(Bucket=elsewhere.lake.bucket)
    lake = connect_lake(elsewhere)
    put_drop(lake, [redeliver(simulated, tmp_path, seed=5)])
    report = load_pending(built, lake, elsewhere)
    assert (report.parked_count, report.held_count) == (0, 0)
    dbt("build", "--exclude-resource-type", "test", "unit_test")
    assert differences(built, "first_build", without=DELIVERY_MARTS) == {}


def test_a_difference_is_found(warehouse: Client):
    warehouse.command("create database if not exists marts")
    warehouse.command("create table marts.t engine = MergeTree order by tuple() as select 1 as a, toNullable('x') as b")
    put_aside(warehouse, "aside")
    assert differences(warehouse, "aside") == {}
    warehouse.command("insert into marts.t values (2, null)")
    warehouse.command("truncate table aside.t")
    warehouse.command("insert into aside.t values (1, 'y'), (2, null)")
    assert differences(warehouse, "aside") == {"t": "rows then 2, now 2; columns that differ: ['b']"}
    warehouse.command("drop database aside")
    warehouse.command("drop table marts.t")
