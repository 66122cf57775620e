"""`warehouse bench` starts what the tests folder has, and says so without it."""

from pathlib import Path

import pytest

from orchestration.commands import bench
from orchestration.commands.errors import CommandError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose only benchmark ends with the number that it is given."""
    monkeypatch.setattr(bench, "PROJECT_ROOT", tmp_path)
    folder = tmp_path / "tests" / "benchmarks"
    folder.mkdir(parents=True)
    (folder / "load.py").write_text("import sys\nsys.exit(int(sys.argv[2]))\n")
    return tmp_path


def test_the_benchmark_runs_from_the_project_with_its_arguments(project: Path):
    assert bench.run_benchmark("load", ["--lines", "7"]) == 7
    assert bench.run_benchmark("load", ["--lines", "0"]) == 0


def test_an_installed_package_says_that_it_has_no_benchmarks(project: Path):
    (project / "tests" / "benchmarks" / "load.py").unlink()
    with pytest.raises(CommandError, match=r"load\.py does not exist: .* Run this command from a clone"):
        bench.run_benchmark("load", [])


def test_missing_development_tools_are_named(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench, "find_spec", lambda name: None)
    with pytest.raises(CommandError, match="psutil among them: run 'uv sync'"):
        bench.run_benchmark("load", [])
