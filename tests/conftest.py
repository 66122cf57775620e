"""Throw-away services: one engine and one lake per session, empty databases and a new bucket per module."""

import gzip
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.embedded.services import Services, running_services
from orchestration.loading import prepare_warehouse
from orchestration.resources.lake import S3Lake, connect_lake
from orchestration.resources.warehouse import connect
from orchestration.settings import Settings, load_settings
from tests.object_store import s3_client

# A script's background jobs start with SIGINT ignored, and so would every process that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# As in `home_environment`: without bytecode each process of a test would compile all that it imports again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

DATABASES = ("raw", "ops", "staging", "intermediate", "marts", "seeds")
_bucket_numbers = count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults", "the long fault run (see tests/faults)")
    group.addoption(
        "--faults", type=int, default=0, metavar="N", help="how many faults; with -m faults, 100 unless given"
    )
    group.addoption("--fault-seed", type=int, default=7, metavar="SEED", help="another seed draws other faults")
    invariance = parser.getgroup("invariance", "many deliveries of the same statements (see tests/invariance)")
    invariance.addoption(
        "--deliveries", type=int, default=0, metavar="N", help="how many; with -m invariance, 60 unless given"
    )
    coverage = parser.getgroup("coverage", "coverage of intervals on simulated programmes (see tests/truth_recovery)")
    coverage.addoption(
        "--seeds", type=int, default=0, metavar="N", help="how many programmes; 12, with -m coverage 200 unless given"
    )
    soak = parser.getgroup("soak", "drops at a hundred times the demo's rate (see tests/end_to_end/test_soak.py)")
    soak.addoption("--minutes", type=float, default=10.0, metavar="N", help="how long drops come; with -m soak, 10")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole suite runs on two workers, each with an engine of its own (2 GB); a part of it, or -s, on none."""
    is_whole = config.args_source is not pytest.Config.ArgsSource.ARGS and not config.getoption("-m")
    return 2 if is_whole and config.getoption("capture") != "no" else 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long runs take minutes to hours: each runs only when it is asked for. Files with slow tests go first, so that
    no worker ends long after the other.
    """
    for marker, option in (
        ("faults", "--faults"),
        ("invariance", "--deliveries"),
        ("benchmarks", ""),
        ("downloads", ""),
        ("bi", ""),
        ("ui", ""),
        ("programmes", ""),
        ("soak", ""),
        ("team", ""),
    ):
        if (option and config.getoption(option)) or marker in config.getoption("-m"):
            continue
        chosen = [item for item in items if item.get_closest_marker(marker) is None]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen
    slow_files = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow_files)


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """An engine and a lake of this session's own."""
    with running_services(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture(scope="module")
def settings(services: Services) -> Settings:
    """Settings of the session's services with a bucket that no other module has seen."""
    loaded = load_settings({"WAREHOUSE_HOME": str(services.home)})
    settings = replace(loaded, lake=replace(loaded.lake, bucket=f"lake-{next(_bucket_numbers)}"))
    s3_client(settings).create_bucket(Bucket=settings.lake.bucket)
    return settings


@pytest.fixture(scope="module")
def warehouse(settings: Settings) -> Iterator[Client]:
    """A client on empty databases."""
    client = connect(settings)
    for database in DATABASES:
        client.command(f"drop database if exists {database}")
    prepare_warehouse(client, settings)
    yield client
    client.close()


@pytest.fixture(scope="module")
def lake(settings: Settings) -> S3Lake:
    return connect_lake(settings)


@pytest.fixture(scope="module")
def put(settings: Settings) -> Callable[..., str]:
    """put(key, content) writes an object; a list of lines becomes NDJSON, and is compressed when the key says .gz."""
    s3 = s3_client(settings)

    def write(key: str, content: bytes | list) -> str:
        body = content if isinstance(content, bytes) else ndjson(content)
        if key.endswith(".gz") and not isinstance(content, bytes):
            body = gzip.compress(body, mtime=0)
        s3.put_object(Bucket=settings.lake.bucket, Key=key, Body=body)
        return key

    return write


@pytest.fixture(scope="module")
def delete(settings: Settings) -> Callable[[str], None]:
    """delete(key) removes an object, as an operator's retention rule would."""
    s3 = s3_client(settings)
    return lambda key: s3.delete_object(Bucket=settings.lake.bucket, Key=key)


@pytest.fixture(scope="session")
def statement() -> Callable[..., dict]:
    """statement(n) is an xAPI statement that has all four facts; keywords replace its parts."""

    def build(number: int, **parts: object) -> dict:
        return {
            "id": f"00000000-0000-4000-8000-{number:012d}",
            "actor": {"account": {"homePage": "https://lms.example", "name": f"learner-{number % 7}"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
            "object": {"id": f"https://lms.example/page/{number % 5}"},
            "timestamp": f"2026-01-05T10:{number // 60 % 60:02d}:{number % 60:02d}Z",
        } | parts

    return build


@pytest.fixture(scope="session")
def bad_settings(services: Services) -> Settings:
    """The session's settings, to be broken by a test."""
    return load_settings({"WAREHOUSE_HOME": str(services.home)})


def ndjson(lines: list) -> bytes:
    """One JSON document per line; a string stands as it is."""
    return b"".join((line if isinstance(line, str) else json.dumps(line)).encode() + b"\n" for line in lines)


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without services, set in the environment."""
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path))
    monkeypatch.delenv("WAREHOUSE_TARGET", raising=False)
    return tmp_path
