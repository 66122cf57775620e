"""What Dagster shows: everything is there, described, grouped and joined from raw to mart."""

import subprocess
import sys

import pytest
from dagster import AssetKey

from orchestration.assets.dbt_project import prepare_manifest
from orchestration.briefs import all_marts
from orchestration.settings import PROJECT_ROOT


@pytest.fixture(scope="module")
def defs():
    prepare_manifest()
    from orchestration.definitions import defs

    return defs


HEAVY = "great_expectations pandas numpy scipy sklearn matplotlib pyarrow chdb apprise playwright superset quixstreams"


def test_importing_touches_no_network_needs_no_services_and_leaves_large_libraries_alone(defs, empty_home) -> None:
    """The code location is ready in seconds: what only a step needs is imported by the step."""
    code = (
        "import socket, sys\n"
        "def refuse(*arguments): raise AssertionError(f'a connection was opened: {arguments}')\n"
        "socket.socket.connect = refuse\n"
        "import orchestration.definitions\n"
        f"loaded = set({HEAVY!r}.split()) & set(sys.modules)\n"
        "assert not loaded, f'imported at definition time: {loaded}'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_asset_has_a_description_and_a_group(defs) -> None:
    bare = [
        spec.key.to_user_string()
        for spec in defs.resolve_all_asset_specs()
        if spec.key not in (AssetKey(["ops", "keys"]), AssetKey(["ops", "interventions"]))
        and (not spec.description or spec.group_name == "default")
    ]
    assert bare == []


def test_lineage_leads_from_the_raw_lines_to_the_marts(defs) -> None:
    graph = defs.resolve_asset_graph()
    upstream, waiting = set(), [AssetKey(["marts", "fct_learning_events"])]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys - upstream:
            upstream.add(parent)
            waiting.append(parent)
    assert {AssetKey(["raw", "event_lines"]), AssetKey(["ops", "live_objects"])} <= upstream


def test_near_real_time_is_part_of_nightly(defs) -> None:
    def assets(job: str) -> set[AssetKey]:
        return set(defs.resolve_job_def(job).asset_layer.selected_asset_keys)

    assert AssetKey(["marts", "fct_learning_events"]) in assets("near_real_time")
    assert assets("near_real_time") < assets("nightly")


def test_near_real_time_is_what_dbt_selects_by_its_tag(defs) -> None:
    """The job reads tags from the specs: it must mean what `dbt build --select +tag:near_real_time` means."""
    from dagster_dbt import build_dbt_asset_selection

    from orchestration.definitions import build_models

    selected = build_dbt_asset_selection([build_models], dbt_select="+tag:near_real_time").resolve([build_models])
    built = set(defs.resolve_job_def("near_real_time").asset_layer.selected_asset_keys)
    assert selected == built & set(build_models.keys)


def test_lake_dates_can_be_loaded_again_and_no_other_job_asks_for_one(defs) -> None:
    spec = next(spec for spec in defs.resolve_all_asset_specs() if spec.key == AssetKey(["lake", "event_drops"]))
    assert spec.partitions_def.get_first_partition_key() == "2020-01-01"
    jobs = {job.name: job.partitions_def for job in defs.get_repository_def().get_all_jobs() if job.name[0] != "_"}
    assert {name for name, partitions in jobs.items() if partitions} == {"replay_day"}


def test_every_field_of_config_has_help(defs) -> None:
    """The launchpad shows it beside the field."""
    from orchestration.assets.build_config import BuildConfig
    from orchestration.assets.lake_dates import ReloadConfig
    from orchestration.assets.raw import LoadDropsConfig
    from orchestration.assets.replay import ReplayConfig

    configs = (BuildConfig, LoadDropsConfig, ReplayConfig, ReloadConfig)
    bare = [name for config in configs for name, field in config.model_fields.items() if not field.description]
    assert bare == []


def test_every_asset_of_ours_has_an_owner(defs) -> None:
    ours = [spec for spec in defs.resolve_all_asset_specs() if spec.description]
    assert [spec.key.to_user_string() for spec in ours if not spec.owners] == []


def test_segments_are_weekly_and_weekly_builds_all_that_nightly_does(defs) -> None:
    def assets(job: str) -> set[AssetKey]:
        return set(defs.resolve_job_def(job).asset_layer.selected_asset_keys)

    assert assets("nightly") < assets("weekly") == assets("replay") - {AssetKey(["ops", "load_revocations"])}
    churn = ("churn", "known_events", "voided_events", "intervention", "learners_to_contact")
    weekly = {key.path[-1] for key in assets("weekly") - assets("nightly")}
    assert {name for name in weekly if not any(part in name for part in churn)} == {
        "fct_learner_weeks",
        "fct_video_weeks",
        "agg_learner_rhythm",
        "agg_learner_pace",
        "agg_learner_viewing",
        "agg_learner_answering",
        "agg_learner_segments",
        "weekly_brief",
    }


def test_the_brief_is_downstream_of_every_mart_that_it_reads(defs) -> None:
    graph = defs.resolve_asset_graph()
    assert graph.get(AssetKey(["briefs", "weekly_brief"])).parent_keys == {
        AssetKey(["marts", mart]) for mart in all_marts()
    }
    assert all(graph.get(AssetKey(["marts", mart])).is_executable for mart in all_marts())


def test_near_real_time_checks_only_what_it_builds(defs) -> None:
    """dbt selects a test when it reads any selected model: tests of unbuilt models failed on missing tables."""
    layer = defs.resolve_job_def("near_real_time").asset_layer
    assert {check_key.asset_key for check_key in layer.asset_graph.asset_check_keys} <= set(layer.selected_asset_keys)


def test_the_marts_wait_for_the_gate(defs) -> None:
    job = defs.resolve_job_def("near_real_time")
    dependencies = job.graph.dependency_structure
    assert "gate" in {output.node_name for output in dependencies.all_upstream_outputs_from_node("build_models")}


def test_names(defs) -> None:
    repository = defs.get_repository_def()
    assert {job.name for job in repository.get_all_jobs()} >= {"near_real_time", "nightly", "weekly"}
    assert {sensor.name for sensor in repository.sensor_defs} == {"alerts_sensor", "drops_sensor"}
    sensor = repository.get_sensor_def("drops_sensor")
    assert sensor.minimum_interval_seconds == 60
    cron = {schedule.name: schedule.cron_schedule for schedule in repository.schedule_defs}
    assert cron == {
        "near_real_time_schedule": "*/10 * * * *",
        "nightly_schedule": "0 2 * * *",
        "weekly_schedule": "0 4 * * 1",
    }


def test_dashboards_are_downstream_of_the_marts_that_they_read(defs) -> None:
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    dashboard = specs["exposures/dashboard_where_learners_stop"]
    read = {dependency.asset_key.to_user_string() for dependency in dashboard.deps}
    assert "marts/agg_video_hot_spots" in read
    assert read <= set(specs)


def test_no_job_runs_a_dashboard(defs) -> None:
    graph = defs.resolve_asset_graph()
    shown = [key for key in graph.get_all_asset_keys() if key.path[0] == "exposures"]
    assert shown
    assert [key for key in shown if graph.get(key).is_materializable] == []
    assert AssetKey(["exposures", "weekly_brief"]) not in shown, "an asset of its own"
