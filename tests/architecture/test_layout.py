"""One layout, decided by the formatters; their rules are in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.project import ROOT

PROGRAMS = Path(sys.executable).parent
SQL = ("models", "macros", "tests/dbt")
COMMANDS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "sqlfmt": ["sqlfmt", "--check", "--no-progressbar", *SQL],
    "sqlfluff": ["sqlfluff", "lint", "--disable-progress-bar", "models"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_layout_is_the_formatters(name: str):
    checked = run(COMMANDS[name], ROOT)
    assert checked.returncode == 0, f"{' '.join(COMMANDS[name])}\n{checked.stdout[-6000:]}{checked.stderr[-2000:]}"


@pytest.mark.parametrize(
    ("name", "file", "content"),
    [
        ("ruff check", "bad.py", "import os\n"),
        ("ruff format", "bad.py", "x = {  'a':1 }\n"),
        ("sqlfmt", "models/bad.sql", "SELECT 1 AS a\n"),
        ("sqlfluff", "models/bad.sql", "with a as (select 1 as x) SELECT 2 as y"),
    ],
)
def test_a_file_of_another_layout_is_found(name: str, file: str, content: str, tmp_path: Path):
    for folder in SQL:
        (tmp_path / folder).mkdir(parents=True)
    settings = (ROOT / "pyproject.toml").read_text()
    library = ROOT / "tests/architecture/lint_stubs"
    (tmp_path / "pyproject.toml").write_text(settings.replace('"tests/architecture/lint_stubs"', f'"{library}"'))
    (tmp_path / file).write_text(content)
    assert run(COMMANDS[name], tmp_path).returncode == 1


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [PROGRAMS / command[0], *command[1:]], cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )
