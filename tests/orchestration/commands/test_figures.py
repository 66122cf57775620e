"""Numbers in few columns."""

import pytest

from orchestration.commands.figures import bar, bytes_in_words, count, seconds_in_words


@pytest.mark.parametrize(
    ("part", "drawn"), [(0, ""), (1, "▏"), (500, "████"), (1000, "████████"), (563, "████▌"), (2000, "████████")]
)
def test_a_bar_is_drawn_in_eighths_and_shows_even_the_least(part: int, drawn: str):
    assert bar(part, 1000, 8) == drawn


def test_a_bar_without_unicode_or_whole():
    assert bar(500, 1000, 8, "ascii") == "####"
    assert bar(1, 0, 8) == ""


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 B"), (999, "999 B"), (1234, "1.2 kB"), (999_999, "1.0 MB"), (10**13, "10.0 TB"), (10**16, "10,000.0 TB")],
)
def test_bytes(number: int, words: str):
    assert bytes_in_words(number) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.42, "0.4 s"), (12.3, "12 s"), (-90, "-1.5 min"), (7200, "2.0 h"), (8.64e6, "100.0 d")],
)
def test_seconds(seconds: float, words: str):
    assert seconds_in_words(seconds) == words


def test_a_number_with_its_noun():
    assert [count(number, "try", "tries") for number in (0, 1, 1000)] == ["0 tries", "1 try", "1,000 tries"]
