"""One pair of services for all tests of this folder, and the ways to speak to it."""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from orchestration.embedded.home import Home, read_services
from orchestration.embedded.services import Services, running_services


def megabytes_of(pid: int) -> float:
    """Resident memory."""
    return psutil.Process(pid).memory_info().rss / 2**20


def code_of(answer: httpx.Response) -> str:
    """ClickHouse's number of the error; 0 without one."""
    return answer.headers.get("x-clickhouse-exception-code", "0")


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with running_services(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture(scope="session")
def recorded(services: Services) -> dict:
    """The content of services.json."""
    content = read_services(Home(services.home))
    assert content is not None
    return content


@pytest.fixture(scope="session")
def http(services: Services, recorded: dict) -> Iterator[httpx.Client]:
    """A client with the admin's credentials."""
    credentials = (recorded["clickhouse"]["user"], recorded["clickhouse"]["password"])
    with httpx.Client(base_url=services.url, auth=credentials, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def reader(services: Services, recorded: dict) -> Iterator[httpx.Client]:
    """A client with the credentials of the user that may only read."""
    credentials = (recorded["bi_reader"]["user"], recorded["bi_reader"]["password"])
    with httpx.Client(base_url=services.url, auth=credentials, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def query(http: httpx.Client) -> Callable[..., str]:
    """Runs a statement as admin and returns its answer's text; fails the test on an error."""

    def run(sql: str, **parameters: str) -> str:
        answer = http.post("/", content=sql.encode(), params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.text

    return run


@pytest.fixture(scope="session")
def mart(query: Callable[..., str]) -> Iterator[str]:
    """A table that readers may read, beside one that they may not."""
    query("create database if not exists marts")
    query("create database if not exists ops")
    query("create or replace table marts.facts (number UInt64) engine = MergeTree order by number")
    query("insert into marts.facts values (1), (2)")
    query("create or replace table ops.keys (value String) engine = MergeTree order by value")
    query("insert into ops.keys values ('the key')")
    yield "marts.facts"
    query("drop database marts")
    query("drop database ops")


@pytest.fixture
def table(request: pytest.FixtureRequest, query: Callable[..., str]) -> Iterator[str]:
    """An empty table (number UInt64, name String) of the test's own."""
    name = f"default.t{zlib.crc32(request.node.nodeid.encode())}"
    query(f"create or replace table {name} (number UInt64, name String) engine = MergeTree order by number")
    yield name
    query(f"drop table if exists {name}")


@pytest.fixture
def log(services: Services) -> Callable[[], str]:
    """The endpoint's log as it is when called."""
    path: Path = services.home / "logs" / "services.log"
    return path.read_text
