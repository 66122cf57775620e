"""dbt, Dagster and sqlfluff run from the project without flags."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.command_lines import defaults, program_of
from orchestration.settings import NOWHERE, PROJECT_ROOT

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("python /x/.venv/bin/dbt build --select a", "dbt"),
        ("python -X dev -B /x/bin/dagster dev", "dagster"),
        ("python -m dagster api grpc", "dagster"),
        ("python -m dagster_webserver -p 1", "dagster-webserver"),
        ("python -m dagster._daemon run", "dagster-daemon"),
        ("python -W error -m dbt.cli.main parse", "dbt"),
        ("python /x/bin/sqlfluff lint", "sqlfluff"),
        ("python -c dbt", ""),
        ("python /x/bin/pytest tests/dbt", "pytest"),
        ("python", ""),
    ],
)
def test_the_program_of_a_command_line(line: str, program: str):
    assert program_of(line.split()) == program


def test_without_services_the_connection_leads_nowhere(tmp_path: Path):
    added = defaults({"WAREHOUSE_HOME": str(tmp_path)})
    assert added.items() >= NOWHERE.items()
    assert added["DBT_PROFILES_DIR"] == str(PROJECT_ROOT / "profiles")
    assert added["DAGSTER_HOME"] == str(tmp_path / "dagster")


def test_what_the_user_set_is_never_changed(tmp_path: Path):
    theirs = {"WAREHOUSE_HOME": str(tmp_path), "DBT_TARGET_PATH": "elsewhere", "DAGSTER_HOME": "there"}
    assert defaults(theirs).keys().isdisjoint(theirs)


def test_a_connection_is_never_half_theirs_and_half_ours(tmp_path: Path):
    added = defaults({"WAREHOUSE_HOME": str(tmp_path), "CLICKHOUSE_HOST": "db.example"})
    assert not [name for name in added if name.startswith("CLICKHOUSE_")]


def test_a_server_lends_nothing_from_local(tmp_path: Path):
    added = defaults({"WAREHOUSE_HOME": str(tmp_path), "WAREHOUSE_TARGET": "server"})
    assert not [name for name in added if name.startswith("CLICKHOUSE_")]
    assert "DBT_PROFILES_DIR" in added


def test_dbt_finds_project_and_profile_from_anywhere(tmp_path: Path):
    shown = subprocess.run(
        [BIN / "dbt", "--no-use-colors", "debug", "--config-dir"],
        cwd=tmp_path,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert str(PROJECT_ROOT / "profiles") in shown.stdout, shown.stdout + shown.stderr


def test_other_programs_do_not_load_it(tmp_path: Path):
    code = "import sys; print('orchestration' in sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "False"


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "CLICKHOUSE_"))}
    return kept | {"WAREHOUSE_HOME": str(home)}
