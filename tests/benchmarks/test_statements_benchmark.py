"""The benchmark of given statements: its stages add up, what cannot be measured is said in words, the whole runs."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from orchestration.simulate.simulator import simulate
from tests.benchmarks.process_tree import CostLine, TreeWatch
from tests.benchmarks.run_stages import GATE, LOAD, MODELS, REST, STAGES, START_UP, TESTS, RunTimes, costs_of, spans_of
from tests.benchmarks.statements import DROP, FIRST, STORED

TIMES = RunTimes(
    started_at=0,
    load_at=8,
    gate_at=10,
    loaded_at=13,
    dbt_ended_at=[30, 50],
    tested_at=[32, 33, 54],
    built_at=55,
    ended_at=60,
)


def line_of(*samples: tuple[float, float]) -> CostLine:
    line = CostLine()
    for moment, cpu_seconds in samples:
        line.add(moment, cpu_seconds)
    return line


def test_a_build_in_parts_has_models_and_tests_in_turns():
    spans = spans_of(TIMES)
    assert spans[MODELS] == [(13, 30), (33, 50), (54, 55)]
    assert spans[TESTS] == [(30, 33), (50, 54)]


def test_the_stages_are_the_whole_command():
    costs = costs_of(TIMES, line_of((0, 0), (10, 5), (60, 105)))
    assert list(costs) == list(STAGES)
    assert sum(cost.seconds for cost in costs.values()) == 60
    assert sum(cost.cpu_seconds for cost in costs.values()) == pytest.approx(105)
    assert [costs[stage].cpu_seconds for stage in (START_UP, LOAD, GATE, REST)] == pytest.approx([4, 1, 6, 10])


def test_a_part_without_verdicts_has_no_tests():
    times = RunTimes(0, 1, 2, 3, [5], [], 6, 7)
    assert spans_of(times)[TESTS] == []
    assert spans_of(times)[MODELS] == [(3, 6)]


def test_cpu_seconds_never_fall():
    assert line_of((0, 1), (1, 3), (2, 2)).cpu_at(2) == 3


def test_what_a_child_of_a_child_spends_is_counted():
    watch = TreeWatch()
    work = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(20_000_000))'])"
    subprocess.run([sys.executable, "-c", work], check=True)
    line = watch.stop()
    assert line.cpu_seconds[-1] > 0.1


def test_a_path_that_does_not_exist_is_named(tmp_path: Path):
    run = _benchmark(str(tmp_path / "gone"))
    assert run.returncode == 1
    assert f"{tmp_path / 'gone'} does not exist. Name a file or a folder of statements." in run.stderr


@pytest.mark.slow
def test_a_folder_without_statements_is_refused(tmp_path: Path):
    empty = tmp_path / "empty"
    empty.mkdir()
    run = _benchmark(str(empty))
    assert run.returncode == 1
    assert f"{empty} holds no file that ends in" in run.stderr


@pytest.mark.benchmarks
@pytest.mark.timeout(1200)
def test_refused_statements_are_named_with_their_reasons(tmp_path: Path):
    file = tmp_path / "refused.ndjson"
    file.write_text('{"id": "one"}\n' * 20)
    run = _benchmark(str(file), "--job", "near_real_time")
    assert run.returncode == 1
    assert f"None of {file} counts as a statement" in run.stderr
    assert "warehouse check" in run.stderr


@pytest.mark.benchmarks
@pytest.mark.timeout(1200)
def test_a_folder_and_a_drop_are_measured_and_nothing_is_left_behind(tmp_path: Path):
    simulated, place = tmp_path / "simulated", tmp_path / "place"
    simulate(simulated, 40, 14, 1)
    place.mkdir()
    newest = sorted((simulated / "events").rglob("*.gz"), key=lambda path: path.parent.name)[-1]
    drop = tmp_path / "drop.ndjson"
    drop.write_bytes(gzip.decompress(newest.read_bytes()))
    newest.unlink()
    run = _benchmark(
        str(simulated), "--drop", str(drop), "--job", "near_real_time", "--json", environment={"TMPDIR": str(place)}
    )
    assert run.returncode == 0, run.stderr
    measures = {(measure["part"], measure["name"]): measure["value"] for measure in json.loads(run.stdout)["measures"]}
    assert {part for part, _ in measures} == {FIRST, DROP, STORED}
    assert all(measures[part, f"{stage}: CPU"] > 0 for part in (FIRST, DROP) for stage in STAGES)
    assert measures[DROP, "accepted statements"] > 0
    assert measures[STORED, "bytes a statement: raw"] > 0
    assert list(place.iterdir()) == []


def _benchmark(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.statements", *arguments],
        cwd=PROJECT_ROOT,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
