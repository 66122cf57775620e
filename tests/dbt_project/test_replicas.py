"""Target `cluster`: the same materializations, touched builds included, in words that a Replicated database takes.

No replica answers here: the statements are written down, parsed by the engine, and done on plain tables.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.settings import Settings
from tests.dbt_command import ALWAYS_INCREMENTAL, MODELS_ONLY, Dbt
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


def test_an_increment_is_touched_and_every_statement_parses(
    warehouse: Client,
    settings: Settings,
    deliver: Callable[..., None],
    statement: Callable[..., dict],
    replica: Replica,
) -> None:
    behind = replace(settings, target="cluster", clickhouse=replace(settings.clickhouse, port=replica.port))
    dbt = Dbt(behind, ALWAYS_INCREMENTAL)
    deliver({"first": [statement(number) for number in range(60)]})
    dbt.run("build", *MODELS_ONLY, "--select", "+fct_sessions")
    whole = [text.lower() for text in replica.statements]
    replica.statements.clear()
    deliver({"second": [statement(number) for number in range(60, 75)]})
    dbt.run("build", *MODELS_ONLY, "--select", "+fct_sessions")
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
