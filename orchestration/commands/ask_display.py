"""An answer for the eye: the sentence, a plot where one helps, the rows, the SQL, the caveats."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax

from orchestration.commands.figures import bar
from orchestration.commands.findings_display import curve_lines
from orchestration.commands.rows_display import harmless, show_rows, value_text

if TYPE_CHECKING:
    from orchestration.questions.asking import Answer
    from orchestration.questions.registry import Match

SHOWN_ROWS = 20
SHOWN_BARS = 12
BAR_WIDTH = 40
LABEL_WIDTH = 48
HEADING_WIDTH = 14


def show_answer(console: Console, answer: "Answer") -> None:
    """Print everything: nothing about an answer is hidden, its SQL least of all."""
    console.print(f"\n[bold]{escape(harmless(answer.sentence))}[/]\n")
    if answer.titles:
        console.print(
            f"[dim]Only {escape(', '.join(f'{name} {title}' for name, title in answer.titles.items()))}.[/]\n"
        )
    if answer.rows:
        _show_plot(console, answer)
        # A curve has a row for each bin of the video: the picture is the answer.
        if answer.plot.get("kind") != "curve":
            show_rows(console, *compact(answer.columns, answer.rows[:SHOWN_ROWS]))
        if len(answer.rows) > SHOWN_ROWS:
            console.print(f"[dim]{len(answer.rows):,} rows; the SQL below gives all of them.[/]")
    console.print(f"\n[bold]SQL[/] [dim]({escape(answer.source)})[/]")
    console.print(Syntax(harmless(answer.sql), "sql", background_color="default", word_wrap=True))
    if answer.parameters:
        given = ", ".join(f"{name} = {value}" for name, value in answer.parameters.items())
        console.print(f"[dim]with {escape(given)}[/]")
    for caveat in answer.caveats:
        console.print(f"[bold]Note[/] {escape(harmless(caveat))}")


def compact(columns: Sequence[str], rows: Sequence[Sequence]) -> tuple[list[str], list[list]]:
    """The same rows in fewer columns: an interval stands behind its value, empty columns are left out."""
    places = {name: place for place, name in enumerate(columns)}
    bounds = {name for name in places if f"{name}_low" in places and f"{name}_high" in places}
    dropped = {f"{name}_{end}" for name in bounds for end in ("low", "high")}
    dropped |= {name for name, place in places.items() if all(row[place] in (None, "") for row in rows)}
    kept = [name for name in columns if name not in dropped]

    def cell(row: Sequence, name: str) -> object:
        value = row[places[name]]
        low, high = (row[places[f"{name}_{end}"]] for end in ("low", "high")) if name in bounds else (None, None)
        if value is None or low is None or high is None:
            return value
        return f"{short(value)} ({short(low)}–{short(high)})"

    return [heading(name) for name in kept], [[cell(row, name) for name in kept] for row in rows]


def heading(name: str) -> str:
    """A column's name in words, in lines short enough to leave the width to the values."""
    return textwrap.fill(name.replace("_", " "), HEADING_WIDTH, break_long_words=False)


def short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else value_text(value)


def _show_plot(console: Console, answer: "Answer") -> None:
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    if answer.plot.get("kind") == "curve":
        bins = [(float(row["bin_start_seconds"]), float(row["bin_end_seconds"]), row["survival"]) for row in rows]
        if any(share is not None for *_, share in bins):
            hot = next((start for row, (start, *_) in zip(rows, bins, strict=True) if row["is_hot_spot"]), None)
            for line in curve_lines(bins, hot or 0.0, sign="hot spot" if hot is not None else "start"):
                console.print(line, markup=False, no_wrap=True)
    elif answer.plot.get("kind") == "bars" and len(rows) > 1:
        for line in bar_lines(rows, answer.plot["label"], answer.plot["value"], console.encoding):
            console.print(line, markup=False, no_wrap=True)
        console.print()


def bar_lines(rows: Sequence[dict], label: str, value: str, encoding: str = "utf-8") -> list[str]:
    """A bar for each of the first rows; a value that is missing says so and has none."""
    shown = rows[:SHOWN_BARS]
    most = max((float(row[value]) for row in shown if row[value] is not None), default=0.0)
    width = min(LABEL_WIDTH, max(len(value_text(row[label])) for row in shown))
    lines = []
    for row in shown:
        name = value_text(row[label])
        name = name if len(name) <= width else name[: width - 1] + "…"
        drawn = "not shown" if row[value] is None else bar(float(row[value]), most, BAR_WIDTH, encoding)
        number = "" if row[value] is None else value_text(round(float(row[value]), 3))
        lines.append(f"{name:>{width}} {drawn} {number}".rstrip())
    return lines


def show_near(console: Console, near: Sequence["Match"]) -> None:
    """What can be asked: the questions that are closest first, then one phrasing of each."""
    from orchestration.questions.registry import questions

    if near:
        console.print("[bold]Did you mean[/]")
        for match in near:
            console.print(f"  {escape(match.question.phrasings[0])}?")
    console.print("[bold]What can be asked without a model[/]")
    for question in questions():
        names = f" [dim](by {', '.join(question.parameters)})[/]" if question.parameters else ""
        console.print(f"  {escape(question.phrasings[0])}?{names}")
    console.print("[dim]With ASK_ENDPOINT_URL and ASK_MODEL set, a language model answers other questions as well.[/]")
