"""Runs take turns, and say in their log what they wait for."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from dagster import Failure

from orchestration.assets.turns import BUILDING, LOADING, turn
from orchestration.commands import job_run


def run_of(job: str, said: list[str]) -> SimpleNamespace:
    return SimpleNamespace(
        run=SimpleNamespace(run_id=f"{job}-0123456789"), job_name=job, log=SimpleNamespace(info=said.append)
    )


def test_a_second_builder_waits_and_gives_up_in_the_end(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        turn(run_of("nightly", said), tmp_path, BUILDING),
        turn(run_of("weekly", said), tmp_path, LOADING),
    ):
        assert said == []
        second = turn(run_of("weekly", said), tmp_path, BUILDING, limit_seconds=0.3)
        with pytest.raises(Failure, match=r"waited in vain: run nightly- of nightly \(process \d+\)"), second:
            pass
    assert said[0].startswith(job_run.WAITING + "run nightly- of nightly (process ")
    assert "which has been building since 2" in said[0]


def test_a_display_knows_the_words_of_a_wait() -> None:
    from orchestration.assets import turns

    assert (job_run.WAITING, job_run.WAIT_IS_OVER) == (turns.WAITING, turns.WAIT_IS_OVER)
