"""A database, and a broker where a test asks for one: the embedded pair, or $KAFKA_BOOTSTRAP_SERVERS."""

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from orchestration.realtime.database import connect
from orchestration.realtime.embedded import Pair, embedded_pair, remove_data
from orchestration.realtime.events import Event
from orchestration.realtime.kafka import admin, ensure_topics, wait_for_broker
from orchestration.realtime.migrate import migrate
from orchestration.realtime.settings import (
    BROKER,
    DATABASE,
    REJECTED_TOPIC,
    STATEMENTS_TOPIC,
    RealtimeSettings,
    load_realtime_settings,
)
from orchestration.simulate.catalogue import catalogue_lines
from orchestration.simulate.courses import build_catalogue

TABLES = ("platform_actions", "learner_sessions", "consumed_offsets", "archived_ranges", "bridged_drops")
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("realtime")
    with embedded_pair(folder, folder / "embedded.log") as started:
        migrate(started.database_url)
        yield started
    remove_data(folder)


@pytest.fixture
def database_url(pair: Pair) -> str:
    """The URL of a database whose tables are empty."""
    with connect(pair.database_url, autocommit=True) as connection:
        connection.execute("truncate " + ", ".join(f"realtime.{table}" for table in TABLES))
    return pair.database_url


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with connect(database_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def environment(pair: Pair, database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a path with new topics: the rules pause after six seconds, the catalogue is a file."""
    catalogue, rules = tmp_path / "catalog.ndjson", tmp_path / "rules.yml"
    catalogue.write_text("\n".join(json.dumps(line) for line in catalogue_lines(build_catalogue())))
    rules.write_text("defaults:\n  pause: {after_minutes: 0.1}\n")
    return {
        "WAREHOUSE_HOME": str(tmp_path),
        BROKER: os.environ.get(BROKER) or pair.bootstrap_servers,
        DATABASE: database_url,
        "REALTIME_RULES": str(rules),
        "REALTIME_CATALOGUE": str(catalogue),
        "REALTIME_PARTITIONS": "4",
        **{name: value for name, value in os.environ.items() if name.startswith(("KAFKA_S", "REALTIME_SESSION"))},
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> RealtimeSettings:
    """Settings of a path whose topics were made for this test."""
    loaded = load_realtime_settings(environment)
    wait_for_broker(loaded.kafka)
    client = admin(loaded.kafka)
    present = [name for name in (STATEMENTS_TOPIC, REJECTED_TOPIC) if name in client.list_topics(timeout=10).topics]
    for future in client.delete_topics(present).values() if present else ():
        future.result()
    deadline = time.monotonic() + 20
    while STATEMENTS_TOPIC in client.list_topics(timeout=10).topics and time.monotonic() < deadline:
        time.sleep(0.1)
    ensure_topics(loaded)
    return loaded


def event(number: int, **parts) -> Event:
    """An event of a learner who views a page of no course."""
    facts = {
        "statement_id": f"s{number:04d}",
        "learner": f"account|https://lms.example|learner-{number % 3}",
        "actor": {"account": {"homePage": "https://lms.example", "name": f"learner-{number % 3}"}},
        "verb": "viewed",
        "activity_id": "page",
        "named_courses": (),
        "registration": "",
        "occurred_at": NOW + timedelta(seconds=number),
        "received_at": NOW + timedelta(seconds=number),
    }
    return Event(**(facts | parts))
