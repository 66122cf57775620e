"""The second witness: of the seconds that players say were played, how many the intervals hold."""

from collections import defaultdict

from tests.oracle.oracle import Account
from tests.oracle.reported import Span, measure, spans, without
from tests.oracle.streams import clipped


def recovered_ratio(account: Account, without_reported: bool = False) -> float:
    """Share of the reported seconds (per learner and video) that intervals credit."""
    told: defaultdict[tuple[str, str], list[Span]] = defaultdict(list)
    for event in account.events:
        if event.activity_type == "video":
            length = account.lengths.get(event.activity_id, 0)
            told[event.learner, event.activity_id] += [
                (start, clipped(end, length)) for start, end in spans(event.segments)
            ]
    credited: defaultdict[tuple[str, str], list[Span]] = defaultdict(list)
    for interval in account.intervals:
        if not (without_reported and interval.kind == "reported"):
            credited[interval.learner, interval.video_id].append((interval.start, interval.end))
    total = sum(measure(segments) for segments in told.values())
    missed = sum(end - start for key, segments in told.items() for start, end in without(segments, credited[key]))
    return (total - missed) / total
