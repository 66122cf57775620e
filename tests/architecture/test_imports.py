"""Which room may know which, and that importing the definitions opens no connection."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.assets.dbt_project import prepare_manifest
from tests.architecture.project import ROOT

LINTER = Path(sys.executable).with_name("lint-imports")

# Runs first in the child: code that opens a socket, asks for an address or starts a program fails there.
DEAF = """
import sys
SPEECH = {"socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen", "os.system", "os.posix_spawn"}
def refuse(event, arguments):
    if event in SPEECH:
        raise RuntimeError(f"importing caused {event} {arguments}")
sys.addaudithook(refuse)
"""


def imports(code: str, **environment: str) -> subprocess.CompletedProcess:
    """Run code in a Python that may not speak to anybody."""
    path = {"PATH": "/usr/bin:/bin", "HOME": environment.get("WAREHOUSE_HOME", "/nonexistent")}
    return subprocess.run(
        [sys.executable, "-c", DEAF + code],
        cwd=ROOT,
        env=path | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def lint(config: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [LINTER, "--config", config, "--no-cache"], cwd=config.parent, capture_output=True, text=True, check=False
    )


def test_imports_run_downward():
    """The contracts are in pyproject.toml."""
    linted = lint(ROOT / "pyproject.toml")
    assert linted.returncode == 0, linted.stdout


def test_an_upward_import_is_found(tmp_path: Path):
    contracts = (ROOT / "pyproject.toml").read_text().partition("[tool.importlinter]")[2]
    config = tmp_path / "pyproject.toml"
    config.write_text("[tool.importlinter]" + contracts)
    for module in _modules():
        (tmp_path / module.parent).mkdir(parents=True, exist_ok=True)
        (tmp_path / module).touch()
    assert lint(config).returncode == 0, lint(config).stdout
    (tmp_path / "orchestration/loading/__init__.py").write_text("def late():\n    import orchestration.resources\n")
    assert "orchestration.loading -> orchestration.resources" in lint(config).stdout


@pytest.mark.parametrize("module", ["orchestration.definitions", "orchestration.cli"])
def test_importing_speaks_to_nobody(module: str, tmp_path: Path):
    prepare_manifest()  # What has never been parsed is parsed at the first import.
    imported = imports(f"import {module}", WAREHOUSE_HOME=str(tmp_path))
    assert imported.returncode == 0, imported.stderr[-3000:]


def test_an_import_that_connects_is_found(tmp_path: Path):
    imported = imports("import socket; socket.create_connection(('127.0.0.1', 1))", WAREHOUSE_HOME=str(tmp_path))
    assert "importing caused socket.getaddrinfo" in imported.stderr


def _modules() -> list[Path]:
    return [path.relative_to(ROOT) for path in (ROOT / "orchestration").rglob("*.py")]
