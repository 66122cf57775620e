"""A problem is told once, again after a day, and once more when it is over; a moment's problem is told to no person."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestration.alerts.incidents import follow, read, write
from orchestration.alerts.message import body, title
from orchestration.alerts.problems import Problem, unreachable

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
HELD = Problem("held:web", "1 file is held.", "a.ndjson: torn", "Deliver it again.", START - timedelta(hours=3))
FAILED = Problem("job:nightly", "The job nightly failed.", "", "Look at the run.", START)


def titles(looks: list[list[Problem]], step: timedelta = timedelta(minutes=1)) -> list[str]:
    """What is told after each look; the incidents pass through the text of a cursor."""
    told, cursor = [], ""
    for number, problems in enumerate(looks):
        incidents, news = follow(read(cursor), problems, START + number * step)
        cursor = write(incidents)
        told.append(title(news).partition(": ")[2] if news else "")
    return told


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ([[HELD]] * 5, ["", "1 new problem", "", "", ""]),
        ([[HELD], [], [HELD], []], ["", "", "", ""]),
        ([[HELD], [HELD], [], [HELD], [], []], ["", "1 new problem", "", "", "", "1 is over"]),
        ([[HELD, FAILED]] * 2 + [[FAILED]] * 3, ["", "2 new problems", "", "1 is over", ""]),
        ([[HELD]] * 2 + [[HELD, FAILED]] * 2, ["", "1 new problem", "", "1 new problem"]),
        ([[HELD]] * 2 + [[]] * 2 + [[HELD]] * 2, ["", "1 new problem", "", "1 is over", "", "1 new problem"]),
    ],
)
def test_each_problem_is_told_once(looks: list[list[Problem]], told: list[str]) -> None:
    assert titles(looks) == told


def test_a_problem_that_goes_on_is_told_each_day() -> None:
    assert titles([[HELD]] * 10, timedelta(hours=8)).count("1 problem goes on") == 2


def test_while_nothing_answers_no_problem_is_over() -> None:
    down = [unreachable(OSError("no engine"))]
    assert titles([[HELD]] * 2 + [down] * 3 + [[HELD]] * 2) == [
        *("", "1 new problem"),
        *("", "1 new problem", ""),
        *("", "1 is over"),
    ]


def test_a_cursor_of_another_kind_is_no_fault() -> None:
    assert read("not json") == read('[{"key": 1}]') == read("") == []


def test_the_message_says_what_where_since_when_and_what_next() -> None:
    _, news = follow(follow([], [HELD, FAILED], START)[0], [HELD, FAILED], START)
    text = body(news, "/srv/warehouse")
    assert "1 file is held." in text
    assert "a.ndjson: torn" in text
    assert "Since 2026-01-05 09:00 UTC." in text
    assert "Next: Deliver it again." in text
    assert text.count("Since") == 2
    assert text.endswith("Warehouse: /srv/warehouse")
