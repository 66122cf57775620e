"""Costs are counted once, and a step that is gone is noticed instead of measured as nothing."""

import os
import time

import pytest

from orchestration.loading import loader
from orchestration.loading.steps import audit, commit
from tests.benchmarks import stopwatch
from tests.benchmarks.stopwatch import REST, BenchmarkError, Cost, Stopwatch, best, timed_steps


@pytest.fixture
def own() -> Stopwatch:
    return Stopwatch(os.getpid())


def test_the_best_is_the_least_of_each_but_the_highest_peak():
    assert best([Cost(2.0, 0.1, 0.3, 50), Cost(1.0, 0.2, 0.2, 40)]) == Cost(1.0, 0.1, 0.2, 50)


def test_work_has_its_cost(own: Stopwatch):
    cost = own.cost_of(lambda: bytearray(os.urandom(30 << 20)))
    assert cost.seconds > 0
    assert cost.own_cpu_seconds > 0
    assert cost.peak_mib > 0


def test_a_step_inside_another_counts_there_only(own: Stopwatch, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(commit, "commit", lambda: None)
    monkeypatch.setattr(loader, "commit", commit.commit)
    monkeypatch.setattr(audit, "audit", lambda: loader.commit())
    monkeypatch.setattr(loader, "audit", audit.audit)
    with timed_steps(own) as costs:
        loader.audit()
    assert costs["audit"].seconds > 0
    assert costs["commit"] == Cost()


def test_what_is_no_step_is_the_rest(own: Stopwatch, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(commit, "commit", lambda: time.sleep(0.2))
    with timed_steps(own) as costs:
        commit.commit()
        commit.commit()
        time.sleep(0.1)
    assert costs["commit"].seconds >= 0.4
    assert 0.1 <= costs[REST].seconds < costs["commit"].seconds


def test_the_steps_are_themselves_again_afterwards(own: Stopwatch):
    before = loader.land
    with timed_steps(own):
        assert loader.land is not before
    assert loader.land is before


def test_a_step_that_is_gone_is_an_error(own: Stopwatch, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(stopwatch.STEPS, "audit", "audit.verify")
    with pytest.raises(BenchmarkError, match=r"audit\.verify, the step 'audit' of a load, is gone"), timed_steps(own):
        pass
