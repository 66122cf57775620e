"""What only the player's own record says was played (metrics.md §3, kind `reported`)."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from tests.oracle.definitions import SECOND, threshold
from tests.oracle.events import Event, milliseconds
from tests.oracle.streams import Interval, clipped

Span = tuple[int, int]


def spans(text: str) -> list[Span]:
    """`0[.]12.5[,]40[.]60[,]70` → 0 to 12.5 s, 40 to 60 s; what is still playing has no end."""
    parsed = []
    for segment in text.split("[,]"):
        ends = [_position(part) for part in segment.split("[.]")]
        if len(ends) == 2 and None not in ends and ends[0] < ends[1]:
            parsed.append((ends[0], ends[1]))
    return parsed


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


def levels(given: Iterable[Span]) -> list[list[Span]]:
    """What the spans cover at least once, what they cover at least twice, and so on."""
    borders = sorted({border for span in given for border in span})
    cells = [(start, end, sum(a <= start and end <= b for a, b in given)) for start, end in pairwise(borders)]
    most = max((times for _, _, times in cells), default=0)
    return [[(start, end) for start, end, times in cells if times > level] for level in range(most)]


def reported(events: Iterable[Event], proved: Iterable[Interval], video_lengths: dict[str, int]) -> list[Interval]:
    """One interval per stretch that a record names and no pair of the learner's statements about the video proves.

    Records are running totals: what several name counts once, for the stream that comes first. A stretch that a list
    names twice was watched twice. It stands at the time of the last record of its stream.
    """
    last: dict[tuple[str, str, str], Event] = {}
    told: defaultdict[tuple[str, str, str], list[list[Span]]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.order):
        if event.activity_type == "video" and event.segments:
            key = (event.learner, event.activity_id, event.player_session or event.registration or "1")
            length = video_lengths.get(event.activity_id, 0)
            last[key] = event
            inside = [(start, clipped(end, length)) for start, end in spans(event.segments)]
            told[key].append([(start, end) for start, end in inside if start < end])
    credited: defaultdict[tuple[str, str], list[Span]] = defaultdict(list)
    for interval in proved:
        if interval.seconds:
            credited[interval.learner, interval.video_id].append((interval.start, interval.end))
    counted = {view: dict(enumerate(levels(taken))) for view, taken in credited.items()}
    reported = []
    for key, event in sorted(last.items(), key=lambda item: item[1].order):
        taken = counted.setdefault(key[:2], {})
        for level, given in _united(told[key]).items():
            for start, end in without(given, taken.get(level, [])):
                if end - start > threshold("reach_tolerance_seconds") * SECOND:
                    reported.append(_interval(event, key[2], start, end, level + 1))
            taken[level] = taken.get(level, []) + given
    return reported


def _united(records: list[list[Span]]) -> dict[int, list[Span]]:
    """Level by level what any record of a stream names."""
    united: defaultdict[int, list[Span]] = defaultdict(list)
    for record in {tuple(record) for record in records}:
        for level, given in enumerate(levels(record)):
            united[level] += given
    return united


def _interval(event: Event, stream: str, start: int, end: int, repeat: int) -> Interval:
    place = (event.statement_id, event.learner, event.activity_id, event.course_id, stream)
    return Interval(*place, "reported", event.at, "", 1.0, 0, start, end, end, False, repeat)
