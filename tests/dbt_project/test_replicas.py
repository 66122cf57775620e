"""Target `cluster`: the same materializations, touched builds included, in words that a Replicated database takes.

No replica answers here: the statements are written down, parsed by the engine, and done on plain tables.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.settings import PROJECT_ROOT, Settings
from tests.dbt_command import ALWAYS_INCREMENTAL, MODELS_ONLY
from tests.dbt_project.replicas import Replica

pytestmark = [pytest.mark.team, pytest.mark.timeout(900)]

# What a Replicated database refuses. `empty as (select …)` it takes: no row is written with it.
REFUSED = re.compile(
    r"\bclone as\b|\bon cluster\b|\bcreate table\b(?:(?!\bempty\b).)*?(?<!empty )\bas\s+\(?\s*(?:select|with)\b",
    re.IGNORECASE | re.DOTALL,
)


@pytest.fixture(scope="module")
def replica(settings: Settings) -> Iterator[Replica]:
    replica = Replica((settings.clickhouse.host, settings.clickhouse.port))
    yield replica
    replica.shutdown()
    replica.server_close()


def test_what_such_a_database_refuses_is_found() -> None:
    for text in ("create table a clone as b", "drop table a on cluster c", "create table a engine = x as select 1"):
        assert REFUSED.search(text)
    for text in (
        "create table a as b",
        "create table a engine = x empty as (select 1 as b)",
        "insert into a select 1 as b",
    ):
        assert not REFUSED.search(text)


def build(settings: Settings) -> None:
    """dbt in a process of its own: a warm one has parsed the project for another target."""
    folder = tempfile.mkdtemp(prefix="dbt-", dir=settings.home)
    environment = os.environ | settings.as_environment() | {"DBT_TARGET_PATH": folder, "DBT_LOG_PATH": folder}
    words = ["build", "--no-use-colors", *MODELS_ONLY, "--select", "+fct_sessions", *ALWAYS_INCREMENTAL]
    dbt = Path(sys.executable).with_name("dbt")
    done = subprocess.run([dbt, *words], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_an_increment_is_touched_and_every_statement_parses(
    warehouse: Client,
    settings: Settings,
    deliver: Callable[..., None],
    statement: Callable[..., dict],
    replica: Replica,
) -> None:
    behind = replace(settings, target="cluster", clickhouse=replace(settings.clickhouse, port=replica.port))
    deliver({"first": [statement(number) for number in range(60)]})
    build(behind)
    whole = [text.lower() for text in replica.statements]
    replica.statements.clear()
    deliver({"second": [statement(number) for number in range(60, 75)]})
    build(behind)
    touched = [text.lower() for text in replica.statements]

    assert warehouse.query("select sum(event_count) from marts.fct_sessions").result_rows == [(75,)]
    assert any("attach partition id" in text for text in touched)
    made = [text for text in whole + touched if "create table" in text and re.search(r"\bengine\s*=\s", text)]
    assert len(made) > 10
    engines = [re.findall(r"\bengine\s*=\s*(\w+)", text) for text in made]
    assert {engine for engines_of_table in engines for engine in engines_of_table} == {"replicatedmergetree"}
    assert [text for text in whole + touched if REFUSED.search(text)] == []
    assert {quorum for quorum, _ in replica.settings} >= {"auto"}
    parsed = 0
    for text in replica.statements:
        asked = re.sub(r"(?is)(\sformat (?:csv|native|tabseparated\w*)\s).*", r"\1", text)
        if asked:
            warehouse.query("select formatQuery({asked:String})", parameters={"asked": asked})
            parsed += 1
    assert parsed > 100
