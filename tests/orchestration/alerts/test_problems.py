"""What counts as a problem, from a ledger that has one of each kind."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.alerts import problems
from orchestration.alerts.problems import FailedRun, Problem, find_problems
from orchestration.loading import load_pending, record_build
from orchestration.loading.state.alerts import record_alerts
from tests.passing_judge import PassingJudge

DAY = "events/web/dt=2026-01-05"


@pytest.fixture(scope="module")
def loaded(warehouse, lake, settings, put, statement) -> Iterator:
    """A good file, one that is held, and one that cannot be read."""
    from orchestration.loading.steps import gate

    put(f"{DAY}/good.ndjson", [statement(1)])
    put(f"{DAY}/held.ndjson", [statement(2)])
    put("events/phone/cut.ndjson.gz", b"not gzip")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "_great_expectations", lambda *_: PassingJudge())
        load_pending(warehouse, lake, settings)
    return warehouse


def keys(problems: list[Problem]) -> list[str]:
    return [problem.key for problem in problems]


def test_what_is_not_published_is_a_problem_of_its_source(loaded) -> None:
    assert keys(find_problems(loaded)) == ["parked:phone"]
    loaded.command(
        "insert into ops.load_gates select load_id, object_id, 'block', 'torn', now64(3, 'UTC') + 1 "
        f"from ops.load_commits where object_key = '{DAY}/held.ndjson'"
    )
    held, parked = find_problems(loaded)
    assert held.key == "held:web"
    assert f"{DAY}/held.ndjson: torn" in held.detail
    assert held.since is not None
    assert "gzip" in parked.detail


def test_jobs_checks_and_old_marts(loaded) -> None:
    others = keys(find_problems(loaded))
    record_build(loaded, "near_real_time", "failure", "", "marts.fct_sessions")
    record_alerts(loaded, [("sources_are_fresh", "web", "silent for 3 days", 1)], 5)
    failed = FailedRun("nightly", datetime.now(UTC), "http://127.0.0.1/runs/1")
    by_key = {problem.key: problem for problem in find_problems(loaded, [failed])}
    assert set(by_key) - set(others) == {"check:sources_are_fresh:web", "job:near_real_time", "job:nightly"}
    assert by_key["job:near_real_time"].detail == "marts.fct_sessions"
    assert "runs/1" in by_key["job:nightly"].next_step
    assert "silent for 3 days" in by_key["check:sources_are_fresh:web"].detail


def test_a_later_build_of_all_models_ends_the_failure_of_another_job(loaded) -> None:
    record_build(loaded, "weekly", "success", "")
    assert "job:near_real_time" not in keys(find_problems(loaded))


def test_marts_that_no_night_has_built_are_old(loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded.command("truncate table ops.builds")
    record_build(loaded, "nightly", "success", "", started_at=datetime.now(UTC))
    assert "stale:marts" not in keys(find_problems(loaded))
    later = datetime.now(UTC) + timedelta(hours=27)
    monkeypatch.setattr(problems, "server_now", lambda _: later)
    [old] = [problem for problem in find_problems(loaded) if problem.key == "stale:marts"]
    assert timedelta(0) < later - old.since < timedelta(hours=2)
