"""Answers in words: a sentence with {column|word} in it becomes one about a row."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from orchestration.briefs.words import clock, decimal, percent, whole

_HOLE = re.compile(r"\{(\w+)(?:\|(\w+))?\}")
UNKNOWN = "not known"


def _date(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, date | datetime) else str(value)


WORDS: dict[str, Callable[[object], str]] = {
    "clock": lambda value: clock(float(value)),
    "percent": lambda value: percent(float(value)),
    "whole": lambda value: whole(float(value)),
    "decimal": lambda value: decimal(float(value)),
    "date": _date,
}


def holes(template: str) -> list[tuple[str, str]]:
    """(column, word) of each hole."""
    return [(hole[1], hole[2] or "") for hole in _HOLE.finditer(template)]


def filled(template: str, row: Mapping[str, object]) -> str:
    """The sentence for this row. A NULL is `not known`; a column that the row lacks stays a hole."""

    def value(hole: re.Match) -> str:
        name, word = hole[1], hole[2]
        if name not in row:
            return hole.group()
        if row[name] is None:
            return UNKNOWN
        try:
            return WORDS[word](row[name]) if word in WORDS else str(row[name])
        except (TypeError, ValueError):
            return str(row[name])

    return _HOLE.sub(value, template)
