"""Sessions of a learner across devices and sources (metrics.md §2)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from tests.oracle.definitions import HOUR, MINUTE, SECOND, threshold
from tests.oracle.events import Event
from tests.oracle.streams import Interval, Step
from tests.oracle.views import watched_wall


@dataclass(frozen=True)
class Session:
    learner: str
    events: list[Event]
    active_low: int
    active_high: int
    video: int

    @property
    def first_id(self) -> str:
        return self.events[0].statement_id


def allowed_silences(
    steps_by_stream: dict[tuple[str, str, str], list[Step]], video_lengths: dict[str, int]
) -> dict[str, int]:
    """Statement → how long the learner may be silent after it because a player was left playing."""
    allowed = {}
    for (_, video, _), steps in steps_by_stream.items():
        for step in steps:
            if step.is_playing and step.position is not None:
                remaining = max(video_lengths.get(video, 0) - step.position, 0)
                silence = round(remaining / step.rate) + threshold("player_grace_seconds") * SECOND
                allowed[step.event.statement_id] = min(silence, threshold("player_silence_max_hours") * HOUR)
    return allowed


def sessions(
    events: Iterable[Event],
    steps_by_stream: dict[tuple[str, str, str], list[Step]],
    intervals: Iterable[Interval],
    video_lengths: dict[str, int],
) -> list[Session]:
    """Every session."""
    allowed = allowed_silences(steps_by_stream, video_lengths)
    watched: defaultdict[str, int] = defaultdict(int)
    proved = {}
    for interval in intervals:
        watched[interval.statement_id] += interval.seconds
        if interval.kind != "reported":
            proved[interval.statement_id] = interval
    by_learner: defaultdict[str, list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.order):
        by_learner[event.learner].append(event)
    cut = []
    for learner, own in by_learner.items():
        for same in _cut(own, allowed):
            gaps = [(event, following.at - event.at) for event, following in pairwise(same)]
            cut.append(
                Session(
                    learner,
                    same,
                    sum(min(gap, _cap(event, proved)) for event, gap in gaps),
                    sum(min(gap, _high_cap(event, proved)) for event, gap in gaps),
                    sum(watched[event.statement_id] for event in same),
                )
            )
    return cut


def _cut(events: list[Event], allowed: dict[str, int]) -> list[list[Event]]:
    gap = threshold("session_gap_minutes") * MINUTE
    longest = threshold("session_max_hours") * HOUR
    cut = [[events[0]]]
    for before, event in pairwise(events):
        silence = event.at - before.at
        if silence > max(gap, allowed.get(before.statement_id, 0)) or event.at - cut[-1][0].at > longest:
            cut.append([event])
        else:
            cut[-1].append(event)
    return cut


def _cap(event: Event, proved: dict[str, Interval]) -> int:
    """How much of the silence after an event counts as active."""
    if event.verb_group == "video" and event.activity_type == "video":
        return watched_wall(proved[event.statement_id]) if event.statement_id in proved else 0
    if event.activity_type in ("question", "assessment"):
        return threshold("active_cap_problem_seconds") * SECOND
    return threshold("active_cap_page_seconds") * SECOND


def _high_cap(event: Event, proved: dict[str, Interval]) -> int:
    return max(threshold("active_cap_high_seconds") * SECOND, _cap(event, proved))
