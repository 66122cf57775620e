"""Numbers in words."""

from datetime import date

import pytest

from orchestration.briefs import words
from orchestration.briefs.words import SPACE


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(0, "0"), (0.6001628664495114, "60"), (0.004, "0.4"), (0.996, "99.6"), (1, "100"), (0.9899, "99"), (0.015, "2")],
)
def test_percent(ratio: float, shown: str):
    assert words.percent(ratio) == f"{shown}{SPACE}%"


def test_a_share_that_is_not_all_is_never_100_percent_and_one_that_is_not_none_never_0():
    assert words.percent(0.9999) != words.percent(1)
    assert words.percent(0.0001) != words.percent(0)


@pytest.mark.parametrize(("seconds", "shown"), [(240.0, "4:00"), (59.9, "0:59"), (3725, "1:02:05"), (0, "0:00")])
def test_clock(seconds: float, shown: str):
    assert words.clock(seconds) == shown


def test_differences_have_a_sign():
    assert words.points(0.184) == f"+18{SPACE}points"
    assert words.points_interval(-0.11, 0.001) == "−11 to 0"


@pytest.mark.parametrize(
    ("monday", "shown"),
    [
        (date(2025, 11, 3), "3–9 November 2025"),
        (date(2025, 10, 27), "27 October – 2 November 2025"),
        (date(2025, 12, 29), "29 December 2025 – 4 January 2026"),
    ],
)
def test_weeks(monday: date, shown: str):
    assert words.week_in_words(monday) == shown
    assert words.week_label(date(2025, 12, 29)) == "2026-W01"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(40, "40 s"), (720, "12 min"), (12_600, "3.5 h"), (400_000, "4.6 days"), (-40, "−40 s")]
)
def test_spans(seconds: float, shown: str):
    assert words.duration(seconds).replace(SPACE, " ") == shown


def test_a_reason_without_words_stands_as_it_is():
    assert words.because("suppressed") == "too few learners to show"
    assert words.because("some_new_reason") == "some new reason"
    assert words.because("") == "not known"
