"""Target `server`: a ClickHouse endpoint and a lake run elsewhere, told by environment variables."""

import dataclasses
from pathlib import Path

import pytest

from orchestration.simulate.truth import Truth
from tests.end_to_end.conftest import CommandLine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_one_pass_on_a_server_starts_nothing_here(on_server: CommandLine, simulation: tuple[Path, Truth]):
    files = sorted(simulation[0].glob("events/web/*/*.gz"))[:3]
    on_server("put", *map(str, files), "--source", "web")
    ran = on_server("run", "--job", "near_real_time")
    assert "Everything delivered is published." in ran.out
    [row] = on_server.rows("select count() > 100 as has_events from marts.fct_learning_events")
    assert row == {"has_events": 1}
    assert "Nothing new since near_real_time" in on_server.here("run", "--job", "near_real_time").out
    assert on_server.status()["adds_up"]
    assert not (on_server.home / "clickhouse").exists()
    assert not (on_server.home / "services.json").exists()


def test_a_wrong_password_is_one_line_that_says_what_to_check(on_server: CommandLine):
    wrong = dataclasses.replace(on_server, environment=on_server.environment | {"CLICKHOUSE_PASSWORD": "guessed"})
    failed = wrong("run", expect=1)
    assert failed.err.count("\n") == 1
    assert "refused user 'default': wrong password or unknown user. Check CLICKHOUSE_USER" in failed.err
    assert "guessed" not in failed.err


def test_wrong_keys_of_the_lake_are_one_line(on_server: CommandLine, simulation: tuple[Path, Truth]):
    wrong = dataclasses.replace(on_server, environment=on_server.environment | {"AWS_SECRET_ACCESS_KEY": "guessed"})
    failed = wrong("put", str(simulation[0] / "catalog"), "--kind", "catalog", expect=1)
    assert failed.err.splitlines()[-1].startswith("Error: The lake at ")
    assert "AWS_SECRET_ACCESS_KEY" in failed.err
    assert "guessed" not in failed.err
