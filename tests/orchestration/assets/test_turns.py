"""Runs take turns, and tell for which run they wait."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from dagster import Failure

from orchestration.assets import turns
from orchestration.assets.turns import BUILDING, LOADING, turn


def run_of(job: str) -> SimpleNamespace:
    return SimpleNamespace(run=SimpleNamespace(run_id=f"{job}-0123456789"), job_name=job)


def test_a_second_builder_waits_and_gives_up_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(turns, "tell_wait", lambda context, other: told.append(other))
    with (
        turn(run_of("nightly"), tmp_path, BUILDING),
        turn(run_of("weekly"), tmp_path, LOADING),
    ):
        assert told == []
        second = turn(run_of("weekly"), tmp_path, BUILDING, limit_seconds=0.3)
        with pytest.raises(Failure, match=r"waited in vain: run nightly- of nightly \(process \d+\)"), second:
            pass
    assert told[0].startswith("run nightly- of nightly (process ")
    assert "which has been building since 2" in told[0]
