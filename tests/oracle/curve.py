"""The drop-off curve of a video (metrics.md §4)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from tests.oracle.definitions import SECOND, threshold
from tests.oracle.events import Event
from tests.oracle.statistics import log_log, wilson
from tests.oracle.streams import Interval
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
    again: int = 0
    seeks_away: int = 0
    seeks_into: int = 0
    possible: int = 0
    hazard: float | None = None
    hazard_bounds: tuple[float, float] | None = None
    hazard_reason: str = ""
    survival: float | None = None
    survival_reason: str = ""
    survival_low: float | None = None
    survival_high: float | None = None
    drop_off: float | None = None
    drop_off_bounds: tuple[float, float] | None = None
    drop_off_reason: str = ""

    @property
    def censored(self) -> int:
        """Exits that cannot be judged yet."""
        return self.unknown + self.open

    @property
    def middle(self) -> int:
        return (self.start + self.end) // 2


def bins(span: int) -> list[Bin]:
    """Bins of max(1 s, ceil(length / 400)) over the whole video; the last may be shorter."""
    fixed = threshold("drop_off_bin_seconds") * SECOND
    width = int(fixed or max(SECOND, ceil(span / SECOND / threshold("drop_off_bins_max")) * SECOND))
    return [Bin(start, min(start + width, max(span, 1))) for start in range(0, max(span, 1), width)]


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
    for one_bin in timeline:
        one_bin.started = len(views)
    for view in views:
        _count_view(timeline, view)
    for seek in seeks:
        if seek.position_from is not None:
            _at(timeline, seek.position_from).seeks_away += 1
        if seek.position_to is not None:
            _at(timeline, seek.position_to).seeks_into += 1
    _rate(timeline)
    return timeline


def _at(timeline: list[Bin], position: int) -> Bin:
    """The bin that holds a position; behind the end the last."""
    return next((one_bin for one_bin in timeline if one_bin.start <= position < one_bin.end), timeline[-1])


def _count_view(timeline: list[Bin], view: View) -> None:
    seen = {number for i in view.intervals for number in _bins_of(timeline, i)}
    seen_first = {number for i in view.first_pass for number in _bins_of(timeline, i)}
    for number, one_bin in enumerate(timeline):
        one_bin.viewers += number in seen
        one_bin.at_risk += number in seen_first
        times = sum(i.start <= one_bin.middle < i.end for i in view.intervals)
        one_bin.views += times
        one_bin.again += max(times - 1, 0)
        if view.exit_kind == "unknown":
            one_bin.possible += number > max(seen_first) and one_bin.start < view.first_exit_high
        if view.exit_kind == "open":
            one_bin.possible += number > max(seen_first)
    last = timeline[max(seen_first)]
    last.dropped += view.exit_kind == "dropped"
    last.unknown += view.exit_kind == "unknown"
    last.open += view.exit_kind == "open"


def _bins_of(timeline: list[Bin], interval: Interval) -> list[int]:
    """Numbers of the bins on the screen: one without length has shown the bin that it lies in."""
    first = _at(timeline, interval.start)
    end = max(interval.end, interval.start + 1)
    return [number for number, one_bin in enumerate(timeline) if one_bin is first or first.start < one_bin.start < end]


def _rate(timeline: list[Bin]) -> None:
    """Kaplan–Meier over the bins. Its bounds take what cannot be judged yet as leaving at once, and as staying."""
    survival, left, stayed, greenwood = 1.0, 1.0, 1.0, 0.0
    censored, is_censored = 0, False
    for one_bin in timeline:
        n, d, c = one_bin.at_risk, one_bin.dropped, one_bin.censored
        if n:
            survival *= 1 - d / n
            left *= 1 - (d + c) / n
            greenwood += d / (n * (n - d)) if n > d else 0.0
        if n + one_bin.possible:
            stayed *= 1 - d / (n + one_bin.possible)
        censored += c
        one_bin.hazard_reason = _reason(c, n)
        one_bin.drop_off_reason = _reason(c, one_bin.started)
        is_censored = is_censored or one_bin.hazard_reason == "censored"
        one_bin.survival_reason = _reason(censored, one_bin.started) or ("censored" if is_censored else "")
        if not one_bin.hazard_reason:
            one_bin.hazard, one_bin.hazard_bounds = d / n, (wilson(d, n)[0], wilson(d + c, n)[1])
        if not one_bin.survival_reason:
            one_bin.survival = survival
            one_bin.survival_low, one_bin.survival_high = log_log(left, greenwood)[0], log_log(stayed, greenwood)[1]
        if not one_bin.drop_off_reason:
            started = one_bin.started
            one_bin.drop_off = d / started
            one_bin.drop_off_bounds = wilson(d, started)[0], wilson(d + c, started)[1]


def _reason(censored: int, group: int) -> str:
    """Why a rate over the group is not given."""
    if group < threshold("minimum_group_size"):
        return "suppressed"
    return "censored" if group - censored < threshold("minimum_judged_ratio") * group else ""
