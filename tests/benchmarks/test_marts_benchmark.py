"""The benchmark of the marts: its histories grow as they say, and the whole of it runs in its smallest size."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.benchmarks.marts import FULL, INCREMENTAL, MODELS, QUERIES
from tests.benchmarks.marts_history import copies_of


def test_a_longer_history_has_more_months_and_more_learners_in_each():
    short, long = copies_of(4), copies_of(32)
    assert {copy.months for copy in short} == set(range(3))
    assert {copy.months for copy in long} == set(range(10))
    assert len({copy.number for copy in long}) == 32
    assert sum(copy.months == 0 for copy in short) == 2
    assert sum(copy.months == 0 for copy in long) == 4


def test_too_small_a_history_is_refused():
    run = _benchmark("--statements", "9_999")
    assert run.returncode == 2
    assert "9_999: expected 10,000 or more statements" in run.stderr


@pytest.mark.benchmarks
@pytest.mark.timeout(1200)
def test_everything_is_measured_and_nothing_is_left_behind(tmp_path: Path):
    run = _benchmark("--statements", "10000,20000", "--drop", "500", "--repeats", "1", "--json", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    measures = {measure["name"]: measure for measure in json.loads(run.stdout)["measures"]}
    assert {measure["part"] for measure in measures.values()} == {FULL, INCREMENTAL, MODELS, QUERIES}
    assert measures["incremental run at 20,000 against 10,000"]["target"] == "≤ 1.5"
    assert measures["20,000: stg_xapi__statements: CPU in full"]["value"] > 0
    assert list(tmp_path.iterdir()) == []


def _benchmark(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.marts", *arguments],
        cwd=PROJECT_ROOT,
        env=os.environ | ({"TMPDIR": str(folder)} if folder else {}),
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
