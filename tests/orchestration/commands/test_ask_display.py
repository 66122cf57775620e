"""An answer as a person sees it."""

import io

from rich.console import Console

from orchestration.commands.ask_display import bar_lines, compact, show_answer, show_near
from orchestration.questions.asking import Answer
from orchestration.questions.registry import closest, questions


def console() -> Console:
    return Console(file=io.StringIO(), width=160, highlight=False)


def shown(answer: Answer) -> str:
    to = console()
    show_answer(to, answer)
    return to.file.getvalue()


def answer(columns: list[str], rows: list[tuple], plot: dict[str, str] | None = None) -> Answer:
    return Answer(
        "[b]A sentence.[/b]", columns, rows, "select 1", ["A caveat."], plot or {}, {}, {"course": "One"}, "model"
    )


def test_everything_is_shown():
    text = shown(answer(["title", "lost"], [("a", 12)]))
    for part in ("[b]A sentence.[/b]", "Only course One.", "lost", "12", "select 1", "A caveat.", "model"):
        assert part in text


def test_an_interval_stands_behind_its_value_and_empty_columns_are_left_out():
    names = ["title", "ratio", "ratio_low", "ratio_high", "reason"]
    columns, rows = compact(names, [("a", 0.61234, 0.5, 0.7, ""), ("b", None, None, None, "")])
    assert columns == ["title", "ratio"]
    assert rows == [["a", "0.612 (0.5–0.7)"], ["b", None]]


def test_a_value_that_is_missing_has_no_bar():
    lines = bar_lines([{"name": "a", "n": 4}, {"name": "b", "n": None}], "name", "n")
    assert "█" in lines[0]
    assert lines[1].split() == ["b", "not", "shown"]


def test_a_curve_marks_its_hot_spot():
    rows = [(0, 60, 1.0, 0), (60, 120, 0.4, 1), (120, 180, None, 0)]
    text = shown(answer(["bin_start_seconds", "bin_end_seconds", "survival", "is_hot_spot"], rows, {"kind": "curve"}))
    assert "hot spot at 1:00" in text


def test_what_can_be_asked_is_listed():
    to = console()
    show_near(to, closest("which videos lose")[:1])
    text = to.file.getvalue()
    assert "Did you mean" in text
    assert all(question.phrasings[0] in text for question in questions())
