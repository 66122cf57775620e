"""The brief as Dagster makes it: in the home, private, with its path in the metadata."""

import os

import pytest
from clickhouse_connect.driver.client import Client
from dagster import DagsterInstance, materialize

from orchestration.assets.briefs import define_weekly_brief
from orchestration.embedded.services import Services
from orchestration.resources.connections import WarehouseResource


def test_the_asset_writes_the_page_and_says_where(
    marts: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(services.home))
    before = os.umask(0o077)  # as the command line sets it, for the length of this test
    try:
        _materialize_and_look(services)
    finally:
        os.umask(before)


def _materialize_and_look(services: Services) -> None:
    with DagsterInstance.ephemeral() as instance:
        done = materialize([define_weekly_brief()], resources={"warehouse": WarehouseResource()}, instance=instance)
    [written] = done.asset_materializations_for_node("briefs__weekly_brief")
    page = services.home / "briefs" / "2025-W45.html"
    assert written.metadata["page"].value == str(page)
    assert written.metadata["week"].value == "2025-W45"
    assert "812 of 1,353" in page.read_text().replace("\u00a0", " ")
    assert page.stat().st_mode & 0o077 == 0
