"""What only the player's own record says was played (metrics.md §3, kind `reported`)."""

from collections import defaultdict
from collections.abc import Iterable

from tests.oracle.definitions import SECOND, threshold
from tests.oracle.events import Event, milliseconds
from tests.oracle.streams import Interval, clipped

Span = tuple[int, int]


def spans(text: str) -> list[Span]:
    """`0[.]12.5[,]40[.]60[,]70` → 0 to 12.5 s, 40 to 60 s; what is still playing has no end."""
    found = []
    for segment in text.split("[,]"):
        ends = [_position(part) for part in segment.split("[.]")]
        if len(ends) == 2 and None not in ends and ends[0] < ends[1]:
            found.append((ends[0], ends[1]))
    return found


def _position(text: str) -> int | None:
    try:
        return milliseconds(float(text))
    except ValueError:
        return None


def union(given: Iterable[Span]) -> list[Span]:
    """The spans without overlap, in order."""
    merged: list[Span] = []
    for start, end in sorted(given):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def measure(given: Iterable[Span]) -> int:
    return sum(end - start for start, end in union(given))


def without(given: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """The union of the spans less what is taken."""
    left = union(given)
    for start, end in union(taken):
        pieces = [[(a, min(b, start)), (max(a, end), b)] for a, b in left]
        left = [(a, b) for pair in pieces for a, b in pair if a < b]
    return left


def reported(events: Iterable[Event], proved: Iterable[Interval], video_lengths: dict[str, int]) -> list[Interval]:
    """One interval per stretch that any record of a stream names and no pair of its statements proves.

    It is known from the stream's last record, and stands at that time.
    """
    last: dict[tuple[str, str, str], Event] = {}
    told: defaultdict[tuple[str, str, str], list[Span]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.order):
        if event.activity_type == "video" and event.segments:
            key = (event.learner, event.activity_id, event.player_session or event.registration or "1")
            last[key] = event
            told[key] += spans(event.segments)
    taken: defaultdict[tuple[str, str, str], list[Span]] = defaultdict(list)
    for interval in proved:
        taken[interval.learner, interval.video_id, interval.stream].append((interval.start, interval.end))
    found = []
    for key, event in last.items():
        length = video_lengths.get(key[1], 0)
        inside = [(start, clipped(end, length)) for start, end in told[key]]
        for start, end in without(inside, taken[key]):
            if end - start > threshold("reach_tolerance_seconds") * SECOND:
                found.append(_interval(event, key[2], start, end))
    return found


def _interval(event: Event, stream: str, start: int, end: int) -> Interval:
    place = (event.statement_id, event.learner, event.activity_id, event.course_id, stream)
    return Interval(*place, "reported", event.at, "", 1.0, 0, start, end, end)
