"""What a person sees of a release."""

import json
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.commands import release as command
from orchestration.commands.release import NEXT, show
from orchestration.loading.release import ReleaseError, ReleaseRefusal, ReleaseReport


@pytest.fixture
def answer(monkeypatch):
    """answer(report) is what the ledger says to the next command; an exception is raised."""

    @contextmanager
    def opened():
        yield SimpleNamespace(connect=lambda: None, settings=None)

    def set_answer(outcome) -> list:
        asked = []

        def release(client, settings, *arguments):
            asked.append(arguments)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(command, "open_warehouse", opened)
        monkeypatch.setattr("orchestration.loading.release.release", release)
        return asked

    return set_answer


def test_the_command_passes_on_what_was_asked_for_and_says_what_to_run_next(answer) -> None:
    asked = answer(ReleaseReport("0198-load", "known", ["events/web/a.ndjson"]))
    done = CliRunner().invoke(app, ["release", "0198", "--reason", "known", "--object", "events/web/a.ndjson"])
    assert done.exit_code == 0
    assert asked == [("0198", "known", ["events/web/a.ndjson"])]
    assert "Released 1 object of load 0198-load:\n  events/web/a.ndjson\n" in done.stdout
    assert NEXT in done.stdout


def test_a_second_time_is_no_error_and_needs_nothing(answer) -> None:
    answer(ReleaseReport("0198-load", "known", released_before=["events/web/a.ndjson"]))
    done = CliRunner().invoke(app, ["release", "0198", "--reason", "known"])
    assert done.exit_code == 0
    assert "1 object was released before" in done.stdout
    assert NEXT not in done.stdout


def test_what_cannot_be_released_is_one_line_and_a_failure(answer) -> None:
    answer(ReleaseError("The gate holds nothing of load 0198-load: its object passed."))
    done = CliRunner().invoke(app, ["release", "0198", "--reason", "known"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.strip() == "Error: The gate holds nothing of load 0198-load: its object passed."


def test_a_reason_is_asked_for(answer) -> None:
    assert CliRunner().invoke(app, ["release", "0198"]).exit_code == 2


def test_the_json_has_stable_names(answer) -> None:
    answer(ReleaseReport("0198-load", "known", ["a"], ["b"], [ReleaseRefusal("c", "superseded")]))
    done = CliRunner().invoke(app, ["release", "0198", "--reason", "known", "--json"])
    assert json.loads(done.stdout) == {
        "load_id": "0198-load",
        "reason": "known",
        "released": ["a"],
        "released_before": ["b"],
        "refused": [{"key": "c", "why": "superseded"}],
        "next": NEXT,
    }


def test_long_lists_are_cut(capsys) -> None:
    many = [f"key-{number:02}" for number in range(14)]
    show(ReleaseReport("l", "r", many, refused=[ReleaseRefusal(key, "why") for key in many]))
    told = capsys.readouterr()
    assert "key-09\n" in told.out
    assert "key-10" not in told.out
    assert "… and 4 more: see --json" in told.out
    assert "Not released: key-09: why" in told.err
    assert "… and 4 more: see --json" in told.err
