"""The load as an asset: its config says how much of the lake it looks at, and never which objects."""

import pytest
from dagster import DagsterInstance, RetryPolicy, materialize, validate_run_config

from orchestration.assets.dbt_project import prepare_manifest
from orchestration.assets.raw import load_config, load_drops
from orchestration.loading import WarehouseError, pending
from orchestration.loading.lake.scope import Tier
from orchestration.resources.connections import LakeResource, WarehouseResource
from tests.passing_judge import judge_by


@pytest.fixture
def run(warehouse, settings, monkeypatch):
    """run(config) materializes the asset on the module's bucket."""
    monkeypatch.setattr("orchestration.resources.connections.load_settings", lambda: settings)
    judge_by(monkeypatch)
    resources = {"warehouse": WarehouseResource(), "lake": LakeResource()}

    def execute(run_config=None):
        with DagsterInstance.ephemeral() as instance:
            return materialize(
                [load_drops], resources=resources, instance=instance, run_config=run_config, raise_on_error=False
            )

    return execute


def test_the_config_decides_what_is_looked_at_and_everything_is_the_default(warehouse, lake, put, run) -> None:
    put("events/web/2020/a.ndjson", [{"a": 1}])
    put("events/app/2020/b.ndjson", [{"a": 1}])
    put("events/app/2021/c.ndjson", [{"a": 1}])
    assert run(load_config(Tier.RECENT)).success
    assert len(pending(warehouse, lake)) == 3
    assert run(load_config(Tier.RECENT, ["events/app/2020/"])).success
    assert {drop.key for drop in pending(warehouse, lake)} == {"events/web/2020/a.ndjson", "events/app/2021/c.ndjson"}
    assert run().success
    assert pending(warehouse, lake) == []


def test_a_prefix_outside_of_the_lakes_folders_is_a_failure_that_says_so(run) -> None:
    result = run(load_config(Tier.RECENT, ["backup/"]))
    assert not result.success
    [failed] = [event for event in result.all_events if event.is_step_failure]
    assert "The prefix 'backup/' is not watched" in failed.event_specific_data.error.message


def test_every_job_that_loads_takes_the_config() -> None:
    prepare_manifest()
    from orchestration.definitions import defs

    for job in ("near_real_time", "nightly"):
        for config in (load_config(Tier.WEEK, ["events/web/"]).to_config_dict(), {}):
            assert validate_run_config(defs.resolve_job_def(job), config)


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (ConnectionResetError("gone"), 3),
        (WarehouseError("the prefix is not watched"), 1),
        (KeyError("a fault of ours"), 1),
    ],
)
def test_only_what_may_pass_is_tried_again(run, monkeypatch, error: Exception, tries: int) -> None:
    asked = []

    def load(*_, **__) -> None:
        asked.append(1)
        raise error

    monkeypatch.setattr("orchestration.assets.raw.load_pending", load)
    monkeypatch.setattr(RetryPolicy, "calculate_delay", lambda *_: 0)
    assert not run().success
    assert len(asked) == tries
