"""Planned habits are in the statements, and the large courses do not notice the small ones beside them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from orchestration.simulate import simulator
from orchestration.simulate.habits import CRAMS, READERS, STEADY, STEPS, HabitCourse, habit_courses

DAYS = 56


@pytest.fixture(scope="module")
def courses() -> list[HabitCourse]:
    return habit_courses(0, DAYS, 5)


def test_crammers_do_all_but_the_first_module_within_three_days(courses: list[HabitCourse]):
    study, visits = courses[0], courses[0].block.visits
    days = (visits.starts_at // 86_400).astype(int).reshape(len(study.kinds), -1)
    span = days[:, -1] - days[:, 1]
    assert (span[study.kinds == CRAMS] <= 2).all()
    assert (span[study.kinds == STEADY] >= 14).all()


def test_readers_take_each_step_as_often_as_planted(courses: list[HabitCourse]):
    steps = courses[1].steps
    moves = sum(steps.values())
    assert moves > 10 * READERS
    for name, (_, chance) in STEPS.items():
        assert abs(steps[name] - moves * chance) < 4 * np.sqrt(moves * chance * (1 - chance)), name


def test_the_large_courses_are_the_same_without_the_small_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    simulator.simulate(tmp_path / "with", 200, 42, 1)
    monkeypatch.setattr(simulator, "side_courses", lambda *_: [])
    monkeypatch.setattr(simulator, "habits_of", lambda *_: [])
    simulator.simulate(tmp_path / "without", 200, 42, 1)
    large = _drops(tmp_path / "without")
    both = _drops(tmp_path / "with")
    assert large.items() < both.items()


def _drops(folder: Path) -> dict[str, str]:
    files = sorted((folder / "events").rglob("*.gz"))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
