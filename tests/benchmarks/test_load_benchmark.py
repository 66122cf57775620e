"""The whole benchmark in its smallest size: it measures all it promises. Times are not judged."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.benchmarks.load import PARTS
from tests.benchmarks.load_rate import joined

SMALLEST = ["--lines", "2000", "--ledger-rows", "600", "--listed", "12", "--repeats", "1"]
TARGETS = {
    "share of the bare scan: land + audit + commit",
    "tick with nothing new, ledger of 600",
    "tick that lost its cursor, ledger of 600",
    "one new object (no gate), ledger of 600 against none",
    "one new object (the gate), ledger of 600 against none",
}
REPORTED = {
    "lines",
    "bare scan",
    "land + audit + commit: CPU",
    "with the gate: time",
    "step audit: time in the best load",
    "stored bytes per line",
    "peak memory of the engine's process",
    "tick with nothing new, ledger of 0",
    "step everything else (no gate), ledger of 600",
    "newest load alone in raw",
    "newest load beside 40 other loads, ledger of 600, against alone",
    "status, ledger of 600",
    "live_fingerprint, ledger of 600",
}


@pytest.mark.benchmarks
def test_everything_is_measured_and_nothing_is_left_behind(tmp_path: Path):
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.load", "--json", *SMALLEST],
        cwd=PROJECT_ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    measures = {measure["name"]: measure for measure in json.loads(run.stdout)["measures"]}
    assert {measure["part"] for measure in measures.values()} == set(PARTS)
    assert {name for name, measure in measures.items() if measure["target"]} == TARGETS
    assert set(measures) >= REPORTED
    assert all(measure["value"] >= 0 for measure in measures.values())
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_part_is_refused():
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.load", "--only", "rate,speed"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 2
    assert "speed: expected some of rate, tick, one, read, status" in run.stderr


def test_small_drops_are_put_together_without_losing_a_line():
    drops = {f"events/web/{number}.gz": gzip.compress(b"line %d\n" % number) for number in range(7)}
    size = len(drops["events/web/0.gz"])
    objects = joined(drops, 3 * size)
    assert list(objects) == ["events/web/0.gz", "events/web/3.gz", "events/web/6.gz"]
    lines = b"".join(gzip.decompress(body) for body in objects.values())
    assert lines == b"".join(b"line %d\n" % number for number in range(7))
