"""The face of the command line: help, exit codes, one-line errors."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app, with_verbose_first

COMMANDS = ("demo", "up", "put", "check", "run", "status", "sql", "ask", "report", "mcp")
SERVER = {
    "WAREHOUSE_TARGET": "server",
    "CLICKHOUSE_HOST": "127.0.0.1",
    "CLICKHOUSE_PORT": "1",
    "CLICKHOUSE_USER": "someone",
    "CLICKHOUSE_PASSWORD": "wrong",
    "LAKE_BUCKET": "lake",
    "LAKE_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "LEARNER_ID_KEY": "k",
}


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Run the command line in an empty home; what it needs of the environment comes as keywords."""
    for name in (*SERVER, "WAREHOUSE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str, **environment: str):
        return CliRunner().invoke(app, arguments, env={"WAREHOUSE_HOME": str(tmp_path), **environment})

    return call


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(call, command: str):
    shown = call(command, "--help")
    assert shown.exit_code == 0
    assert "Usage" in shown.output


def test_help_names_every_command_and_imports_nothing_heavy(tmp_path: Path):
    code = (
        "import sys; from orchestration.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'dagster', 'clickhouse_connect', 'boto3', 'numpy', 'great_expectations'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "HEAVY []" in shown
    assert all(command in shown for command in COMMANDS)


def test_an_unknown_target_is_one_line_with_the_choices(call):
    failed = call("status", WAREHOUSE_TARGET="moon")
    assert failed.exit_code == 1
    assert failed.stdout == ""
    assert failed.stderr.startswith("Error: WAREHOUSE_TARGET is 'moon'; it must be one of local, server, cluster.")
    assert failed.stderr.count("\n") == 1


@pytest.mark.parametrize("missing", ["CLICKHOUSE_HOST", "CLICKHOUSE_PORT", "LAKE_BUCKET", "LEARNER_ID_KEY"])
def test_a_missing_variable_of_the_server_target_is_named(call, missing: str):
    failed = call("run", **{name: value for name, value in SERVER.items() if name != missing})
    assert failed.exit_code == 1
    assert failed.stderr.startswith(f"Error: {missing} is not set, and WAREHOUSE_TARGET=server needs it.")
    assert failed.stderr.count("\n") == 1


def test_an_engine_that_is_not_running_is_one_line(call):
    failed = call("status", **SERVER)
    assert failed.exit_code == 1
    assert failed.stderr.startswith("Error: No ClickHouse answers at http://127.0.0.1:1.")
    assert failed.stderr.count("\n") == 1


def test_a_lake_that_cannot_be_reached_is_one_line(call, tmp_path: Path):
    drop = tmp_path / "a.ndjson"
    drop.write_text("{}\n")
    failed = call("put", str(drop), **SERVER)
    assert failed.exit_code == 1
    assert "Error: The lake at http://127.0.0.1:1 does not answer" in failed.stderr
    assert "Traceback" not in failed.output


def test_verbose_shows_where_it_happened(call):
    failed = call("--verbose", "status", **SERVER)
    assert failed.exit_code == 1
    assert "Traceback" in failed.stderr
    assert "Error: No ClickHouse answers" in failed.stderr


def test_verbose_is_accepted_behind_the_command():
    assert with_verbose_first(["run", "--job", "nightly", "--verbose"]) == ["--verbose", "run", "--job", "nightly"]
    assert with_verbose_first(["sql", "select 1"]) == ["sql", "select 1"]


def test_the_demo_refuses_a_warehouse_that_is_not_local(call):
    failed = call("demo", **SERVER)
    assert failed.exit_code == 1
    assert "would put simulated learners among real ones" in failed.stderr


def test_a_writing_statement_needs_the_option(call, tmp_path: Path):
    refused = call("sql", "drop table marts.fct_sessions")
    assert refused.exit_code == 1
    assert "Add --write if you mean it." in refused.stderr
    assert list(tmp_path.iterdir()) == [], "nothing was started for it"


def test_an_unknown_format_or_job_is_a_usage_error(call):
    assert call("sql", "select 1", "--format", "xml").exit_code == 2
    assert call("run", "--job", "hourly").exit_code == 2


def test_help_is_immediate():
    """Three tries, because other work on the machine may hold one of them up."""
    command = [str(Path(sys.executable).with_name("warehouse")), "--help"]
    seconds = []
    for _ in range(3):
        started = time.monotonic()
        subprocess.run(command, capture_output=True, check=True, timeout=60)
        seconds.append(time.monotonic() - started)
        if seconds[-1] < 1:
            break
    assert min(seconds) < 2, seconds
