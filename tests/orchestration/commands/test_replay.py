"""What a person sees of a replay before and after it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.commands.job_run import JobRun
from orchestration.commands.replay import run_replay, show_candidates, show_changes, show_outcome
from orchestration.loading.lake.objects import Drop
from orchestration.loading.replay import Candidate, ReplayError
from orchestration.loading.state.mart_figures import Change


def candidate(number: int, state: str) -> Candidate:
    key = f"events/web/{number}.ndjson"
    drop = Drop(f"id-{number}", "events", "web", "lake", key, "e", 1, datetime(2026, 1, 5, tzinfo=UTC))
    return Candidate(drop, state, 1000)


def finished(**outcome: int | str) -> JobRun:
    return JobRun("replay", Path("log"), is_success=True, metadata={"ops.load_revocations": outcome})


def test_what_would_be_replayed_is_shown_by_state(capsys) -> None:
    show_candidates([candidate(number, "live") for number in range(8)] + [candidate(9, "held")])
    shown = capsys.readouterr().err
    assert "live: 8 objects, 8,000 lines" in shown
    assert "… and 3 more" in shown
    assert "held by the gate: 1 objects" in shown
    assert "parked" not in shown


@pytest.mark.parametrize(("replaced", "code"), [(3, 0), (2, 3)])
def test_the_exit_code_says_whether_all_was_replaced(capsys, replaced, code) -> None:
    run = finished(
        objects_selected=3, objects_replaced=replaced, lines_loaded=30, not_replaced="" if code == 0 else "key: held"
    )
    assert show_outcome(run, {("fct", "rows"): 1.0}, {("fct", "rows"): 2.0}) == code
    told = capsys.readouterr()
    assert f"Replayed {replaced} of 3 objects (30 lines)." in told.out
    assert "fct" in told.out
    assert ("Not replaced: key: held" in told.err) == (code == 3)


def test_changes_are_bounded_and_none_are_said_to_be_none(capsys) -> None:
    show_changes([])
    assert "No figure of the marts changed." in capsys.readouterr().out
    show_changes([Change(f"mart_{number}", "rows", 1.0, 2.5) for number in range(40)])
    shown = capsys.readouterr().out
    assert "mart_29" in shown
    assert "mart_30" not in shown
    assert "10 figures that changed less" in shown


def test_a_replay_says_what_and_why(empty_home) -> None:
    with pytest.raises(ReplayError, match="--reason is empty"):
        run_replay("events/", None, [], " ", yes=True)
    with pytest.raises(ReplayError, match="Nothing says what"):
        run_replay("", None, [], "because", yes=True)
