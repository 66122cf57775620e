"""One learner and one video: what was seen, how the first pass ended (metrics.md §3, `fct_video_views`)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.oracle.definitions import DAY, SECOND, threshold
from tests.oracle.events import Event
from tests.oracle.reported import Span, measure
from tests.oracle.streams import Interval


@dataclass(frozen=True)
class View:
    """A learner's viewing of a video; milliseconds throughout."""

    learner: str
    video_id: str
    intervals: list[Interval]
    first_pass: list[Interval]
    length: int
    watched: int
    unique: int
    unique_high: int
    furthest: int
    first_exit: int
    first_exit_high: int
    left_at: int
    last_at: int
    exit_kind: str
    is_completed: bool
    is_completed_reported: bool
    is_completed_unwatched: bool
    play_count: int
    stream_count: int
    seeks_forward: int
    seeks_back: int

    @property
    def skipped(self) -> int:
        return self.furthest - measure((i.start, min(i.end, self.furthest)) for i in self.intervals)


def left_at(interval: Interval) -> int:
    """When watching of it ended. A time stamped at upload is the end, not the start."""
    return interval.at + (0 if interval.kind in ("reported", "compressed") else watched_wall(interval))


def watched_wall(interval: Interval) -> int:
    """How long watching took at the player's rate; where the clock can be trusted, as long as it shows at most, unless
    that would take a faster rate than anybody believes."""
    at_rate = round(interval.seconds / interval.rate)
    if interval.kind in ("reported", "compressed"):
        return at_rate
    return min(at_rate, max(interval.wall, int(at_rate / threshold("unreported_rate_max"))))


def first_pass(intervals: list[Interval]) -> list[Interval]:
    """As long as no viewing starts more than the return horizon after the furthest point was reached."""
    horizon = threshold("return_horizon_days") * DAY
    passed: list[Interval] = []
    for interval in sorted(intervals, key=lambda i: (i.at, i.start, i.statement_id, i.kind, i.repeat)):
        furthest = max((i.end for i in passed), default=0)
        if passed and interval.at > min(left_at(i) for i in passed if i.end == furthest) + horizon:
            break
        passed.append(interval)
    return passed


def views(
    intervals: Iterable[Interval], events: Iterable[Event], video_lengths: dict[str, int], complete_through: int
) -> list[View]:
    """One per learner and video with an interval."""
    watched: defaultdict[tuple[str, str], list[Interval]] = defaultdict(list)
    for interval in intervals:
        watched[interval.learner, interval.video_id].append(interval)
    told: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.activity_type == "video":
            told[event.learner, event.activity_id].append(event)
    return [
        _view(key, same, told[key], video_lengths.get(key[1], 0), complete_through) for key, same in watched.items()
    ]


def _view(
    key: tuple[str, str], intervals: list[Interval], events: list[Event], length: int, complete_through: int
) -> View:
    passed = first_pass(intervals)
    sure: list[Span] = [(i.start, i.end) for i in intervals]
    unique = measure(sure)
    first_exit = max(i.end for i in passed)
    first_high = max(i.end_high for i in passed)
    at = min(left_at(i) for i in passed if i.end == first_exit)
    unique_high = measure((i.start, i.end_high) for i in intervals)
    ratio = threshold("video_completion_ratio")
    tail = max(length - threshold("video_completion_tail_seconds") * SECOND, ratio * length)
    is_end_reached = first_exit >= tail
    is_unwatched = bool(length) and unique_high / length < threshold("completion_watched_min_ratio")
    is_completed = bool(length) and not is_unwatched and (unique / length >= ratio or is_end_reached)
    is_completed_reported = any(e.verb == "completed" for e in events)
    seeks = [(e.position_from, e.position_to) for e in events if e.verb == "seeked"]
    seeks = [(a, b) for a, b in seeks if a is not None and b is not None]
    return View(
        learner=key[0],
        video_id=key[1],
        intervals=intervals,
        first_pass=passed,
        length=length,
        watched=sum(i.seconds for i in intervals),
        unique=unique,
        unique_high=unique_high,
        furthest=max(i.end for i in intervals),
        first_exit=first_exit,
        first_exit_high=first_high,
        left_at=at,
        last_at=max(left_at(i) for i in intervals),
        exit_kind=(
            "skipped"
            if is_unwatched and is_end_reached
            else _exit_kind(is_completed, at, complete_through, first_high - first_exit)
        ),
        is_completed=is_completed,
        is_completed_reported=is_completed_reported,
        is_completed_unwatched=is_unwatched and (is_end_reached or is_completed_reported),
        play_count=sum(e.verb == "played" for e in events),
        stream_count=len({i.stream for i in intervals}),
        seeks_forward=sum(b > a for a, b in seeks),
        seeks_back=sum(b < a for a, b in seeks),
    )


def _exit_kind(is_completed: bool, at: int, complete_through: int, doubt: int) -> str:
    if is_completed:
        return "completed"
    if at > complete_through - threshold("return_horizon_days") * DAY:
        return "open"
    return "unknown" if doubt > threshold("reach_tolerance_seconds") * SECOND else "dropped"
