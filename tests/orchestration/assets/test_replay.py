"""Replay from Dagster, by config."""

import pytest
from dagster import DagsterInstance, materialize

from orchestration.assets.replay import ReplayConfig, replay_drops
from orchestration.loading import load_pending
from orchestration.loading.replay import ReplayError
from orchestration.resources.connections import LakeResource, WarehouseResource
from tests.passing_judge import judge_by


@pytest.fixture
def resources(warehouse, lake, settings, put, statement, monkeypatch) -> dict:
    """Connections to this module's warehouse, which has two lake dates of one object each."""
    judge_by(monkeypatch)
    monkeypatch.setattr(WarehouseResource, "connect", lambda self: warehouse)
    monkeypatch.setattr(WarehouseResource, "settings", lambda self: settings)
    monkeypatch.setattr(LakeResource, "connect", lambda self: lake)
    for day in (5, 6):
        put(f"events/web/dt=2026-01-{day:02d}/a.ndjson", [statement(day)])
    load_pending(warehouse, lake, settings)
    return {"warehouse": WarehouseResource(), "lake": LakeResource()}


def replayed(warehouse) -> set[tuple[str, str]]:
    return set(
        warehouse.query(
            "select object_key, reason from ops.load_revocations inner join ops.load_commits using (load_id, object_id)"
        ).result_rows
    )


def test_a_run_with_config_replays_what_it_names(warehouse, resources) -> None:
    config = {"ops": {"replay_drops": {"config": {"prefix": "events/web/dt=2026-01-05/", "reason": "repaired"}}}}
    result = materialize([replay_drops], resources=resources, run_config=config, instance=DagsterInstance.ephemeral())
    [made] = result.asset_materializations_for_node("replay_drops")
    assert made.metadata["objects_replaced"].value == 1
    assert replayed(warehouse) == {("events/web/dt=2026-01-05/a.ndjson", "repaired")}


def test_a_run_that_names_nothing_fails_with_a_sentence(resources) -> None:
    config = {"ops": {"replay_drops": {"config": {"prefix": "events/nothing/", "reason": "repaired"}}}}
    result = materialize(
        [replay_drops],
        resources=resources,
        run_config=config,
        instance=DagsterInstance.ephemeral(),
        raise_on_error=False,
    )
    assert "No object of the ledger matches" in result.failure_data_for_node("replay_drops").error.message


def test_a_since_that_is_no_day_is_named() -> None:
    with pytest.raises(ReplayError, match="yesterday"):
        ReplayConfig(reason="x", since="yesterday").selection()
