"""What a run says of itself, and of what waits since before it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.commands.context import CommandContext
from orchestration.commands.job_run import JobRun
from orchestration.commands.run import Job, reason_to_rest
from orchestration.commands.run_report import EVERYTHING_IS_PUBLISHED, report, what_it_did
from orchestration.loading import Status
from orchestration.loading.state.refused import HeldObject, Unread

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
EARLIER = NOON - timedelta(days=1)
LATER = NOON + timedelta(seconds=5)
FIGURES = {"objects_loaded": 2, "lines_loaded": 60, "lines_rejected": 30, "objects_published": 1, "objects_held": 1}


def held(key: str, judged_at: datetime) -> HeldObject:
    return HeldObject(
        "L", key, "lake", key, "refused lines: 30 (invalid_id 30)", 30, 30, judged_at, judged_at, judged_at
    )


def unread(key: str, failed_at: datetime) -> Unread:
    return Unread(key, "lake", key, "unreadable", "not gzip", True, 1, failed_at, None, failed_at)


def state(
    held_objects: list[HeldObject] = (), parked: list[Unread] = (), waiting: list[Unread] = (), due: int = 0
) -> Status:
    counts = {"held": len(held_objects), "parked": len(parked), "waiting": len(waiting), "due": due + len(waiting)}
    objects = {"held_objects": held_objects, "parked_objects": parked, "waiting_objects": waiting}
    return Status(live=1, **counts, **{name: list(some) for name, some in objects.items()})


def run(is_success: bool = True, **figures: int) -> JobRun:
    return JobRun("nightly", Path("log"), is_success=is_success, built_count=92, checked_count=400,
                  metadata={"raw.event_lines": figures})  # fmt: skip


def test_a_run_says_what_it_loaded_and_what_came_of_it() -> None:
    assert what_it_did(run(**FIGURES)) == (
        "loaded 2 objects (60 lines, 30 of them refused): 1 published, 1 held by the gate. "
        "Built 92 models and seeds, 400 tests."
    )
    assert what_it_did(run(objects_loaded=0, objects_parked=1, objects_to_retry=2)) == (
        "loaded 0 objects (0 lines): 0 published, 0 held by the gate; 1 parked; 2 to be tried again. "
        "Built 92 models and seeds, 400 tests."
    )
    assert what_it_did(run()).startswith("nothing was due to be loaded. Built")


def test_all_is_published_only_when_nothing_waits(capsys) -> None:
    assert report(run(**FIGURES), state(), NOON) == 0
    assert EVERYTHING_IS_PUBLISHED in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (
            state([held("old", EARLIER)]),
            "1 delivered object is not published (1 held by the gate; 1 of them since before this run): ",
        ),
        (
            state([held("old", EARLIER), held("new", LATER)], [unread("cut", LATER)]),
            "3 delivered objects are not published (2 held by the gate, 1 parked; 1 of them since before this run): ",
        ),
        (state(parked=[unread("cut", LATER)]), "1 delivered object is not published (1 parked): "),
        (state(waiting=[unread("slow", LATER)]), "1 delivered object is not published (1 to be tried again): "),
    ],
)
def test_what_waits_is_never_called_published(capsys, status: Status, sentence: str) -> None:
    assert report(run(**FIGURES), status, NOON) == 3
    told = capsys.readouterr()
    assert sentence in told.out
    assert EVERYTHING_IS_PUBLISHED not in told.out
    assert "Not published: old" not in told.err, "it was named by the run that held it"
    assert ("Not published: new (held, refused lines: 30" in told.err) == ("new" in str(status.held_objects))


def test_what_arrived_meanwhile_is_due_and_no_fault(capsys) -> None:
    assert report(run(**FIGURES), state(due=2), NOON) == 0
    told = capsys.readouterr().out
    assert "2 objects are due: the next run loads them." in told
    assert EVERYTHING_IS_PUBLISHED not in told


def test_a_failed_run_says_why_and_nothing_else(capsys) -> None:
    failed = run(is_success=False)
    failed.failures = [f"model m{number}: boom" for number in range(12)]
    assert report(failed, state([held("old", EARLIER)]), NOON) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "model m9: boom" in told.err
    assert "2 more failures" in told.err


def test_an_empty_lake_is_said_to_be_empty_and_nothing_is_built(warehouse, settings, put) -> None:
    """Dagster is not started: that took minutes, and said that everything was published."""
    rest = reason_to_rest(CommandContext(settings), Job.NIGHTLY)
    assert rest.exit_code == 0
    assert "has no drops, so nothing was loaded or built" in rest.reason
    assert "'uv run warehouse put FILE --source NAME'" in rest.reason
    put("events/web/grades.xlsx", b"x")
    assert "1 file there is no drop" in reason_to_rest(CommandContext(settings), Job.NIGHTLY).reason
    put("events/web/a.ndjson", [])
    assert reason_to_rest(CommandContext(settings), Job.NIGHTLY) is None
