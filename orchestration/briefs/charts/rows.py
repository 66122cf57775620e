"""Shares and counts side by side: dots with intervals, cohorts by age, bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.briefs.charts.plot import Plot, Value
from orchestration.briefs.words import percent, shortened


@dataclass(frozen=True)
class Dot:
    """One value on a row, with its interval; `series` 0 is hollow, 1 is filled."""

    series: int
    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class DotRow:
    y: float
    label: str
    note: str
    tone: str
    dots: Sequence[Dot]
    missing: str
    benchmark: float | None


@dataclass(frozen=True)
class Dots:
    """Rows of two series of shares with intervals, from 0 to 100 %."""

    plot: Plot
    rows: Sequence[DotRow]
    series: Sequence[str]
    x_ticks: Sequence[tuple[float, str]]
    benchmark_label: str = ""


def dots(
    rows: Sequence[tuple[str, str, str, Sequence[Value], str, float | None]],
    series: Sequence[str],
    benchmark_label: str = "",
) -> Dots:
    """From (label, note, tone, a (value, low, high) for each series, why one is missing, benchmark) for each row."""
    step = 32
    plot = Plot(700, 30 + step * len(rows), 232, 14, 6, 24)
    drawn = []
    for place, (label, note, tone, values, why, benchmark) in enumerate(rows):
        y = plot.top + step * (place + 0.5)
        shown = [
            Dot(which, plot.x(value), y + (-4.5 if which == 0 else 4.5), plot.x(low), plot.x(high))
            for which, (value, low, high) in enumerate(values)
            if value is not None and low is not None and high is not None
        ]
        mark = None if benchmark is None else plot.x(benchmark)
        drawn.append(DotRow(y, shortened(label, 34), note, tone, shown, why, mark))
    ticks = [(plot.x(part / 4), percent(part / 4)) for part in range(5)]
    return Dots(plot, drawn, series, ticks, benchmark_label)


@dataclass(frozen=True)
class Tile:
    x: float
    y: float
    text: str
    strength: float
    kind: str
    """`value`, `censored`, `suppressed`."""
    hint: str


@dataclass(frozen=True)
class Triangle:
    """Cohorts by age: each cell a share, or the reason for its absence."""

    plot: Plot
    tile_width: float
    tile_height: float
    tiles: Sequence[Tile]
    rows: Sequence[tuple[float, str, str]]
    columns: Sequence[tuple[float, str]]


def triangle(cohorts: Sequence[tuple[str, str, Sequence[tuple[float | None, str, str]]]]) -> Triangle:
    """From (label, note, a (share, reason, hint) by week) for each cohort."""
    width, height = 46, 26
    weeks = max((len(cells) for *_, cells in cohorts), default=0)
    plot = Plot(132 + width * weeks, 34 + height * len(cohorts), 132, 0, 28, 6)
    tiles, rows = [], []
    for place, (label, note, cells) in enumerate(cohorts):
        y = plot.top + place * height
        rows.append((y + height / 2, label, note))
        for week, (share, reason, hint) in enumerate(cells):
            kind = "value" if share is not None else "suppressed" if reason == "suppressed" else "censored"
            text = percent(share) if share is not None else "few" if kind == "suppressed" else ""
            strength = 0.0 if share is None else round(0.06 + 0.94 * share, 3)
            tiles.append(Tile(plot.left + week * width, y, text, strength, kind, hint))
    columns = [(plot.left + (week + 0.5) * width, str(week)) for week in range(weeks)]
    return Triangle(plot, width, height, tiles, rows, columns)


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str
    value: str
    tone: str


@dataclass(frozen=True)
class Bars:
    plot: Plot
    bars: Sequence[Bar]


def columns(values: Sequence[tuple[str, float, str]], width: float = 560, height: float = 120) -> Bars:
    """Upright bars from (label, value, tone)."""
    plot = Plot(width, height, 0, 0, 18, 18)
    largest = max((value for _, value, _ in values), default=0) or 1
    step = plot.width / max(len(values), 1)
    bars = []
    for place, (label, value, tone) in enumerate(values):
        top = plot.y(value / largest)
        x = place * step + 3
        bars.append(Bar(x, top, step - 6, round(plot.y(0) - top, 1), label, f"{value:,.0f}", tone))
    return Bars(plot, bars)


def bars(values: Sequence[tuple[str, float, str]], label_width: float = 350) -> Bars:
    """Lying bars from (label, value, tone); what is not nothing is at least visible."""
    step = 24
    plot = Plot(700, step * len(values) + 4, label_width, 70, 2, 2)
    largest = max((value for _, value, _ in values), default=0) or 1
    drawn = []
    for place, (label, value, tone) in enumerate(values):
        width = max(plot.x(value / largest) - plot.x(0), 2 if value else 0)
        y = plot.top + place * step + 4
        drawn.append(Bar(plot.left, y, width, step - 8, shortened(label, 50), f"{value:,.0f}", tone))
    return Bars(plot, drawn)
