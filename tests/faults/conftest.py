"""Warehouses to be broken: services of their own, started and stopped with the module."""

from collections.abc import Iterator

import pytest

from tests.faults.warehouse_site import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A warehouse behind proxies that misbehave on demand."""
    started = Site(tmp_path_factory.mktemp("struck"))
    try:
        yield started
    finally:
        started.heal()
        started.close()


@pytest.fixture(scope="module")
def calm_site(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A warehouse that reads the same lake, and that nothing happens to."""
    started = Site(tmp_path_factory.mktemp("calm"), reads_lake_of=site)
    try:
        yield started
    finally:
        started.close()


@pytest.fixture(scope="session")
def fault_count(request: pytest.FixtureRequest) -> int:
    return request.config.getoption("--faults") or 100


@pytest.fixture(scope="session")
def fault_seed(request: pytest.FixtureRequest) -> int:
    return request.config.getoption("--fault-seed")
