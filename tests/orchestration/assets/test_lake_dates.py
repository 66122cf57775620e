"""Event drops by lake date: loads mark the dates that they load, and a range of dates is loaded again in one run."""

from datetime import date

import pytest
from dagster import DagsterInstance, materialize

from orchestration.assets.lake_dates import EVENT_DROPS, event_drops, materializations, unknown_dates
from orchestration.assets.raw import load_config, load_drops
from orchestration.loading.lake.scope import Tier
from orchestration.loading.state.lake_dates import LakeDate
from orchestration.resources.connections import LakeResource, WarehouseResource
from tests.passing_judge import judge_by

RANGE = {"dagster/asset_partition_range_start": "2026-01-05", "dagster/asset_partition_range_end": "2026-01-07"}


@pytest.fixture
def resources(warehouse, lake, settings, monkeypatch) -> dict:
    """Connections to this module's warehouse."""
    judge_by(monkeypatch)
    monkeypatch.setattr(WarehouseResource, "connect", lambda self: warehouse)
    monkeypatch.setattr(WarehouseResource, "settings", lambda self: settings)
    monkeypatch.setattr(LakeResource, "connect", lambda self: lake)
    return {"warehouse": WarehouseResource(), "lake": LakeResource()}


def load(resources: dict, instance: DagsterInstance, tier: Tier = Tier.EVERYTHING, prefixes: tuple = ()) -> list[str]:
    """The dates that a load marks, in order."""
    config = load_config(tier, prefixes)
    result = materialize([load_drops], resources=resources, run_config=config, instance=instance)
    events = [
        event.step_materialization_data.materialization for event in result.all_events if event.is_step_materialization
    ]
    return [event.partition for event in events if event.asset_key == EVENT_DROPS]


def test_dates_are_marked_when_they_are_loaded_and_loaded_again_as_one_range(
    warehouse, resources, put, statement
) -> None:
    instance = DagsterInstance.ephemeral()
    for day in (5, 6, 9):
        put(f"events/web/dt=2026-01-{day:02d}/a.ndjson", [statement(day)])
    put("events/web/nodate/a.ndjson", [statement(10)])
    put("events/web/dt=2019-12-31/a.ndjson", [statement(11)])
    assert load(resources, instance) == ["2026-01-05", "2026-01-06", "2026-01-09"]
    assert load(resources, instance) == [], "what is marked is not marked again"
    put("events/web/dt=2026-01-10/a.ndjson", [statement(12)])
    assert load(resources, instance, Tier.RECENT, ("events/web/dt=2026-01-10/",)) == ["2026-01-10"]
    assert load(resources, DagsterInstance.ephemeral()) == ["2026-01-05", "2026-01-06", "2026-01-09", "2026-01-10"]
    result = materialize([event_drops], resources=resources, instance=instance, tags=RANGE)
    made = result.asset_materializations_for_node("lake__event_drops")
    assert {event.metadata["objects_replaced"].value for event in made} == {2}
    replayed = warehouse.query(
        "select object_key, reason from ops.load_revocations inner join ops.load_commits using (load_id, object_id)"
    ).result_rows
    keys = [f"events/web/dt=2026-01-{day:02d}/a.ndjson" for day in (5, 6)]
    assert sorted(replayed) == [(key, "Backfill of lake dates.") for key in keys]


def test_a_date_without_drops_is_in_order(resources) -> None:
    result = materialize(
        [event_drops], resources=resources, instance=DagsterInstance.ephemeral(), partition_key="2025-07-01"
    )
    [made] = result.asset_materializations_for_node("lake__event_drops")
    assert made.metadata["objects_selected"].value == 0


def test_only_partitions_are_marked() -> None:
    old, new = LakeDate(date(2019, 12, 31), 1, 1), LakeDate(date(2026, 1, 5), 2, 30)
    [made] = materializations([old, new])
    assert (made.partition, made.metadata["lines_loaded"].value) == ("2026-01-05", 30)
    assert unknown_dates([old, new], {"2026-01-05"}) == [old]
