"""Shares along a line: over a video's time, and over the weeks since learners started."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.briefs.charts.plot import Plot, Point, Value, band, path
from orchestration.briefs.words import because, clock, percent


@dataclass(frozen=True)
class Spot:
    """A hot spot under a curve."""

    x: float
    width: float
    label: str
    label_x: float
    anchor: str


@dataclass(frozen=True)
class Curve:
    """The share still watching over a video, its band, and its hot spots."""

    plot: Plot
    line: str
    band: str
    spots: Sequence[Spot]
    y_ticks: Sequence[tuple[float, str]]
    x_ticks: Sequence[tuple[float, str]]
    unknown_label: str = ""


def curve(bins: Sequence[dict], spots: Sequence[tuple[float, float, str]], width: float = 340) -> Curve:
    """From rows of the drop-off curve in order, and (start, end, label) of each hot spot."""
    plot = Plot(width, 216, 40, 12, 24, 26)
    length = float(bins[-1]["bin_end_seconds"])

    def points(name: str) -> list[Point | None]:
        start = None if bins[0][name] is None else (plot.x(0), plot.y(1))
        return [start] + [
            None if row[name] is None else (plot.x(float(row["bin_end_seconds"]) / length), plot.y(row[name]))
            for row in bins
        ]

    ticks = [length * part / 4 for part in range(5)]
    return Curve(
        plot=plot,
        line=path(points("survival")),
        band=band(points("survival_low"), points("survival_high")),
        spots=[_spot(plot, start / length, end / length, label) for start, end, label in spots],
        y_ticks=[(plot.y(share), percent(share)) for share in (0, 0.5, 1)],
        x_ticks=[(plot.x(seconds / length), clock(seconds)) for seconds in ticks],
        unknown_label="" if any(row["survival"] is not None for row in bins) else because(bins[0]["survival_reason"]),
    )


def _spot(plot: Plot, start: float, end: float, label: str) -> Spot:
    left, right = plot.x(start), plot.x(end)
    anchor = "start" if start < 0.2 else "end" if end > 0.8 else "middle"
    label_x = {"start": left, "end": right, "middle": (left + right) / 2}[anchor]
    return Spot(left, max(right - left, 3), label, round(label_x, 1), anchor)


@dataclass(frozen=True)
class CurveLine:
    series: int
    path: str
    band: str
    label: str
    label_y: float
    end: Point | None


@dataclass(frozen=True)
class Lines:
    """Shares by week, a line for each group, named at its end."""

    plot: Plot
    lines: Sequence[CurveLine]
    y_ticks: Sequence[tuple[float, str]]
    x_ticks: Sequence[tuple[float, str]]
    x_title: str


def lines(groups: dict[str, Sequence[Value]], x_title: str) -> Lines:
    """From (value, low, high) by week for each group."""
    plot = Plot(520, 262, 46, 110, 12, 40)
    last = max((len(values) for values in groups.values()), default=1)

    def points(values: Sequence[Value], which: int) -> list[Point | None]:
        start = None if values[0][which] is None else (plot.x(0), plot.y(1))
        return [start] + [
            None if value[which] is None else (plot.x((week + 1) / last), plot.y(value[which]))
            for week, value in enumerate(values)
        ]

    lines = {name: points(values, 0) for name, values in groups.items()}
    ends = {name: next((point for point in reversed(line) if point is not None), None) for name, line in lines.items()}
    labels = spread({name: end[1] for name, end in ends.items() if end is not None}, 15)
    drawn = [
        CurveLine(
            number % 6, path(lines[name]), band(points(values, 1), points(values, 2)), name, labels[name], ends[name]
        )
        for number, (name, values) in enumerate(groups.items())
        if name in labels
    ]
    every = 1 if last <= 8 else 2
    return Lines(
        plot,
        drawn,
        [(plot.y(share), percent(share)) for share in (0, 0.25, 0.5, 0.75, 1)],
        [(plot.x(week / last), str(week)) for week in range(0, last + 1, every)],
        x_title,
    )


def spread(places: dict[str, float], gap: float) -> dict[str, float]:
    """Places of labels in the same order, at least `gap` apart."""
    moved: dict[str, float] = {}
    previous = float("-inf")
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        previous = moved[name] = max(place, previous + gap)
    return moved
