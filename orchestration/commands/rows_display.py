"""Rows of an answer for the eye: a grid where it fits the terminal, else one column a line, as psql's `\\x auto`."""

import re
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
CELL_WIDTH = 60
ID_WIDTH = 36
"""A UUID stands as it is. Longer ids (an IRI, a pseudonym of 64 characters) lose their middle."""
UNBOUNDED = 1_000_000
ID_HEAD, ID_TAIL = 11, 20
"""The end of an IRI tells more than its beginning."""


def show_rows(console: Console, names: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Print the rows as a grid, or, where one is wider than the terminal, as records with their values whole."""
    rows = list(rows)
    table = table_of(names, rows)
    # Measured for this terminal, each grid would seem to fit: its cells are folded.
    unfolded = console.options.update(width=UNBOUNDED)
    if not rows or console.measure(table, options=unfolded).maximum <= console.width:
        console.print(table)
        return
    for number, row in enumerate(rows, 1):
        console.rule(f"row {number}", align="left", style="dim")
        console.print(record_of(names, row))


def table_of(names: Sequence[str], rows: Iterable[Sequence]) -> Table:
    """Numbers to the right; long ids without their middle; other long texts cut."""
    rows = list(rows)
    table = Table(header_style="bold")
    for position, name in enumerate(names):
        is_number = any(isinstance(row[position], (int, float)) for row in rows)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell_text(value) for value in row))
    return table


def record_of(names: Sequence[str], row: Sequence) -> Table:
    """One row, a line for each column. Ids and texts are whole: there is room, and they can be copied."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", overflow="fold")
    table.add_column(overflow="fold")
    for name, value in zip(names, row, strict=True):
        table.add_row(escape(" ".join(name.split())), escape(value_text(value)))
    return table


def cell_text(value: object) -> str:
    """A value as a cell: nothing for NULL, at most CELL_WIDTH characters, no markup."""
    text = value_text(value)
    if " " not in text:
        text = shortened_id(text)
    return escape(text if len(text) <= CELL_WIDTH else text[: CELL_WIDTH - 1] + "…")


def shortened_id(text: str) -> str:
    """`https://lms…/modules/3/video-12`: what is longer than ID_WIDTH without its middle."""
    return text if len(text) <= ID_WIDTH else f"{text[:ID_HEAD]}…{text[-ID_TAIL:]}"


def value_text(value: object) -> str:
    """A value as text, whole: nothing for NULL, six digits of a fraction, no control character for the terminal."""
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else harmless(str(value))


def harmless(text: str) -> str:
    """Text of strangers without what a terminal would obey."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
