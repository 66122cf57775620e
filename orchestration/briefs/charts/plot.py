"""The frame of a drawing, and what is drawn in it from points."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

Point = tuple[float, float]
Value = tuple[float | None, float | None, float | None]
"""A value and its interval."""


@dataclass(frozen=True)
class Plot:
    """A drawing's size and the frame that its values are in."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float

    def x(self, share: float) -> float:
        """The place of a share of the frame's width."""
        return round(self.left + share * (self.width - self.left - self.right), 1)

    def y(self, share: float) -> float:
        """The place of a share of the frame's height, counted from below."""
        return round(self.height - self.bottom - share * (self.height - self.top - self.bottom), 1)


def path(points: Sequence[Point | None]) -> str:
    """A line through the points; a missing one breaks it."""
    parts, is_drawing = [], False
    for point in points:
        if point is None:
            is_drawing = False
            continue
        parts.append(f"{'L' if is_drawing else 'M'}{point[0]:g} {point[1]:g}")
        is_drawing = True
    return "".join(parts)


def band(lows: Sequence[Point | None], highs: Sequence[Point | None]) -> str:
    """The area between two lines, in as many parts as they have."""
    pairs = list(zip(lows, highs, strict=True))
    parts = []
    for is_known, run in groupby(pairs, lambda pair: None not in pair):
        if is_known:
            run = list(run)
            corners = [high for _, high in run] + [low for low, _ in reversed(run)]
            parts.append("M" + "L".join(f"{x:g} {y:g}" for x, y in corners) + "Z")
    return "".join(parts)
