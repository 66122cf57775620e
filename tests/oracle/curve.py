"""The drop-off curve of a video (metrics.md §4)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from tests.oracle.definitions import SECOND, threshold
from tests.oracle.events import Event
from tests.oracle.reported import union
from tests.oracle.statistics import log_log, wilson
from tests.oracle.views import View


@dataclass
class Bin:
    """Counts and rates of one bin; rates are None where too few were at risk."""

    start: int
    end: int
    started: int = 0
    at_risk: int = 0
    dropped: int = 0
    unknown: int = 0
    open: int = 0
    viewers: int = 0
    views: int = 0
    seeks_away: int = 0
    seeks_into: int = 0
    possible: int = 0
    hazard: float | None = None
    hazard_bounds: tuple[float, float] | None = None
    survival: float | None = None
    survival_low: float | None = None
    survival_high: float | None = None
    drop_off: float | None = None

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


def bins(span: int) -> list[Bin]:
    """Bins of max(1 s, ceil(length / 400)) over the whole video; the last may be shorter."""
    fixed = threshold("drop_off_bin_seconds") * SECOND
    width = int(fixed or max(SECOND, ceil(span / SECOND / threshold("drop_off_bins_max")) * SECOND))
    return [Bin(start, min(start + width, span)) for start in range(0, span, width)]


def curves(views: Iterable[View], events: Iterable[Event], excluded: frozenset[str]) -> dict[str, list[Bin]]:
    """Video → its bins. `excluded` learners are left out."""
    by_video: defaultdict[str, list[View]] = defaultdict(list)
    for view in views:
        if view.learner not in excluded:
            by_video[view.video_id].append(view)
    seeks: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.verb == "seeked" and event.activity_type == "video" and event.learner not in excluded:
            seeks[event.activity_id].append(event)
    return {video: _curve(same, seeks[video]) for video, same in by_video.items()}


def _curve(views: list[View], seeks: list[Event]) -> list[Bin]:
    timeline = bins(max(view.length or view.furthest for view in views))
    for found in timeline:
        found.started = len(views)
    for view in views:
        _count_view(timeline, view)
    for seek in seeks:
        if seek.position_from is not None and seek.position_to is not None:
            _at(timeline, seek.position_from).seeks_away += 1
            _at(timeline, seek.position_to).seeks_into += 1
    _rate(timeline)
    return timeline


def _at(timeline: list[Bin], position: int) -> Bin:
    """The bin that holds a position; behind the end the last."""
    return next((found for found in timeline if found.start <= position < found.end), timeline[-1])


def _count_view(timeline: list[Bin], view: View) -> None:
    first = union((i.start, i.end) for i in view.first_pass)
    every = union((i.start, i.end) for i in view.intervals)
    for found in timeline:
        found.at_risk += any(start < found.end and end > found.start for start, end in first)
        found.viewers += any(start < found.end and end > found.start for start, end in every)
        found.views += sum(i.start <= found.middle < i.end for i in view.intervals)
        if view.exit_kind == "unknown":
            found.possible += view.first_exit <= found.start < view.first_exit_high
    if view.first_exit > 0:
        last = _at(timeline, view.first_exit - 1)
        last.dropped += view.exit_kind == "dropped"
        last.unknown += view.exit_kind == "unknown"
        last.open += view.exit_kind == "open"


def _rate(timeline: list[Bin]) -> None:
    """Kaplan–Meier over the bins, and the two curves that bound it when unknown exits are spread."""
    survival, greenwood = 1.0, 0.0
    for found in timeline:
        n, d = found.at_risk, found.dropped
        if n:
            survival *= 1 - d / n
            greenwood += d / (n * (n - d)) if n > d else 0.0
        if n >= threshold("minimum_group_size"):
            found.hazard, found.hazard_bounds = d / n, wilson(d, n)
            found.survival = survival
            found.survival_low, found.survival_high = log_log(survival, greenwood)
            found.drop_off = d / found.started
