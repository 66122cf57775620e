"""The floor in its smallest size: every row is measured, and nothing stays behind. Times are not judged."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.benchmarks.floor import ROWS
from tests.benchmarks.floor_site import drops_by_day, two_statements


def write_drop(folder: Path, day: str, lines: int) -> None:
    file = folder / "events" / "web" / f"dt={day}" / "part.ndjson.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.compress(b'{"id": "one"}\n' * lines))


def test_the_late_drop_is_what_was_delivered_last(tmp_path: Path) -> None:
    for day, lines in (("2026-01-01", 9), ("2026-01-02", 5), ("2026-01-03", 5)):
        write_drop(tmp_path, day, lines)
    first, late = drops_by_day(tmp_path, 6)
    assert list(first) == ["events/web/dt=2026-01-01/part.ndjson.gz"]
    assert [key[14:24] for key in late] == ["2026-01-03", "2026-01-02"]


def test_the_small_drop_has_two_new_statements(tmp_path: Path) -> None:
    write_drop(tmp_path, "2026-01-01", 9)
    ids = {json.loads(line)["id"] for line in two_statements(tmp_path).splitlines()}
    assert len(ids - {"one"}) == 2


@pytest.mark.benchmarks
@pytest.mark.timeout(2400)
def test_every_row_is_measured_and_nothing_is_left_behind(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.floor", "--statements", "3000", "--json"],
        cwd=PROJECT_ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=2400,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    measures = json.loads(run.stdout)["measures"]
    assert {measure["part"] for measure in measures} == set(ROWS)
    assert all(measure["value"] > 0 for measure in measures)
    assert list(tmp_path.iterdir()) == []
