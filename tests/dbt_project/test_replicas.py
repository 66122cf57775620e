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

# https://github.com/ClickHouse/ClickHouse/issues/37467 and its documentation: refused in a Replicated database.
REFUSED = re.compile(r"\bclone as\b|\bon cluster\b|create table\s+\S+\s+(?:engine .*?)?\bas\s+\(?select\b", re.I | re.S)


@pytest.fixture(scope="module")
def replica(settings: Settings) -> Iterator[Replica]:
    replica = Replica((settings.clickhouse.host, settings.clickhouse.port))
    yield replica
    replica.shutdown()
    replica.server_close()


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
    made = [text for text in whole + touched if text.startswith("create table") and "engine = " in text]
    assert len(made) > 10
    assert [text for text in made if "engine = replicated" not in text] == []
    assert [text for text in whole + touched if REFUSED.search(text)] == []
    assert {quorum for quorum, _ in replica.settings} >= {"auto"}
    parsed = 0
    for text in replica.statements:
        asked = re.sub(r"(?is)(\sformat (?:csv|native|tabseparated\w*)\s).*", r"\1", text)
        if asked:
            warehouse.query("select formatQuery({asked:String})", parameters={"asked": asked})
            parsed += 1
    assert parsed > 100
