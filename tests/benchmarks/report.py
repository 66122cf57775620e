"""What a benchmark found: measures with their targets, as a table for a person and as JSON for a program."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Target:
    """A bound that a value must keep: at most this much, or at least this much."""

    bound: float
    is_minimum: bool = False

    def is_met(self, value: float) -> bool:
        return value >= self.bound if self.is_minimum else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.is_minimum else '≤'} {self.bound:g}"


@dataclass(frozen=True)
class Measure:
    """One number. `part` is the part of the benchmark that it belongs to (see --only)."""

    part: str
    name: str
    value: float
    unit: str
    target: Target | None = None

    @property
    def is_met(self) -> bool | None:
        """None when there is no target to meet."""
        return None if self.target is None else self.target.is_met(self.value)


@dataclass
class Report:
    """All measures of one run, and what they were taken on."""

    setting: dict[str, Any]
    measures: list[Measure] = field(default_factory=list)

    def add(self, part: str, name: str, value: float, unit: str, target: Target | None = None) -> None:
        self.measures.append(Measure(part, name, value, unit, target))

    @property
    def missed(self) -> list[Measure]:
        return [measure for measure in self.measures if measure.is_met is False]


def to_json(report: Report) -> str:
    """Everything; a measure without a target has `target` and `is_met` null."""
    measures = [
        asdict(measure) | {"target": str(measure.target) if measure.target else None, "is_met": measure.is_met}
        for measure in report.measures
    ]
    return json.dumps({"setting": report.setting, "measures": measures}, indent=2, ensure_ascii=False)


def show(report: Report, console: Console) -> None:
    """The table, and one line that says whether all targets are met."""
    console.print(", ".join(f"{name} {_plain(value)}" for name, value in report.setting.items()), soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for title, side in (("Part", "left"), ("Measure", "left"), ("Value", "right"), ("Target", "left"), ("", "left")):
        table.add_column(title, justify=side)
    part = ""
    for measure in report.measures:
        verdict = {True: "[green]met[/]", False: "[red]not met[/]", None: ""}[measure.is_met]
        target = str(measure.target) if measure.target else ""
        table.add_row(measure.part if measure.part != part else "", measure.name, _value(measure), target, verdict)
        part = measure.part
    console.print(table)
    console.print(_conclusion(report.measures, report.missed), soft_wrap=True)


def _conclusion(measures: Sequence[Measure], missed: Sequence[Measure]) -> str:
    with_target = [measure for measure in measures if measure.target]
    if not with_target:
        return "No measure of these parts has a target."
    if not missed:
        return f"All {len(with_target)} targets are met."
    names = "; ".join(f"{measure.part}: {measure.name}" for measure in missed)
    return f"{len(missed)} of {len(with_target)} targets are not met: {names}."


def _value(measure: Measure) -> str:
    if measure.unit == "ratio":
        return f"{measure.value:.2f}"
    if measure.unit == "s":
        return f"{measure.value:.3f} s"
    return f"{measure.value:,.0f} {measure.unit}"


def _plain(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
