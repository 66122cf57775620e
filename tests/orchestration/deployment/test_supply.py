"""What the project depends on may go with its licence, and the list says so."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from orchestration.settings import PROJECT_ROOT

LICENCES = Path(sys.executable).with_name("pip-licenses")
ALLOWED = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["tool"]["pip-licenses"]["allow-only"].split(";")


def look(packages: str, allowed: str) -> subprocess.CompletedProcess:
    command = [LICENCES, "--allow-only", allowed, "--packages", packages, "--output-file", "/dev/null"]
    return subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)


def test_no_licence_that_binds_our_code_is_allowed() -> None:
    assert "Apache-2.0" in ALLOWED
    assert [name for name in ALLOWED if re.search(r"\bA?GPL|Affero|SSPL|BUSL|Commons|Proprietary", name)] == []


def test_another_licence_fails() -> None:
    assert look("typer", ";".join(ALLOWED)).returncode == 0
    refused = look("typer", "Apache-2.0")
    assert refused.returncode == 1
    assert "typer" in refused.stderr


def test_the_workflow_runs_the_scripts_that_are_there() -> None:
    workflow = yaml.safe_load((PROJECT_ROOT / ".github/workflows/checks.yml").read_text())
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    for script in (command for command in commands if command.startswith(".ci/")):
        assert (PROJECT_ROOT / script).stat().st_mode & 0o111
    assert {".ci/run", ".ci/supply"} <= set(commands)
