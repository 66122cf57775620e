"""One question put to the marts and its answer, and the few words that all questions share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Query = Callable[[str], list[Row]]
Value = str | int | float | None


@dataclass(frozen=True)
class PlantedFinding:
    """One question put to the marts. `low` and `high` are the bounds of the measured value, where it has any."""

    question: str
    planted: Value
    measured: Value
    low: float | None
    high: float | None
    is_met: bool
    detail: str = ""


def text(value: str) -> str:
    """A string literal of ClickHouse."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def number(row: Row, column: str) -> float:
    """A number of a row; NULL is an error that gives the mart's own reason."""
    value = row[column]
    if value is None:
        reason = next((row[name] for name in row if name.endswith("_reason") and row[name]), "no reason given")
        raise ValueError(f"{column} is NULL: {reason}")
    return float(value)


def exact(question: str, planted: int, measured: Any, detail: str = "") -> PlantedFinding:
    """A count that must be right to the digit."""
    count = int(measured)
    return PlantedFinding(question, planted, count, None, None, count == planted, detail)
