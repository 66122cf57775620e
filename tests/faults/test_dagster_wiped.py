"""Dagster forgets everything, its cursors and its runs: the ledger decides, so nothing is lost and nothing is asked for
in vain.
"""

import shutil
from pathlib import Path

import pytest
from dagster import DagsterInstance, build_sensor_context

from orchestration.assets.dbt_project import prepare_manifest
from orchestration.resources.dagster_instance import write_dagster_config
from tests.faults.offers import Offers
from tests.faults.oracle import check_settled
from tests.faults.warehouse_site import Site


@pytest.fixture(scope="module")
def sensors() -> list:
    """Every sensor of the warehouse, whatever their number and names."""
    prepare_manifest()
    from orchestration.definitions import defs

    return list(defs.get_repository_def().sensor_defs)


def asks_for_a_load(site: Site, sensors: list, dagster_home: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """One tick of every sensor, without a cursor, on an instance that has never run anything."""
    shutil.rmtree(dagster_home, ignore_errors=True)
    monkeypatch.setenv("WAREHOUSE_HOME", str(site.home))
    write_dagster_config(dagster_home.parent)
    from orchestration.definitions import defs

    resources = {name: resource for name, resource in defs.resources.items() if name != "dbt"}
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        for sensor in sensors:
            context = build_sensor_context(instance=instance, cursor=None, resources=resources)
            if sensor.evaluate_tick(context).run_requests:
                return True
    return False


def test_without_cursor_and_runs_each_due_object_is_found_and_no_other(
    site: Site, sensors: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    dagster_home = site.home / "dagster"
    offers = Offers(site.put, site.delete, seed=8)
    for _ in range(2):
        offers.offer_wave(is_settled=False)
        assert asks_for_a_load(site, sensors, dagster_home, monkeypatch), "drops are due, and no sensor has seen them"
        site.settle()
        assert not asks_for_a_load(site, sensors, dagster_home, monkeypatch), "nothing is due, and a sensor asks"
        check_settled(site, offers.manifest)
