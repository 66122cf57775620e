"""What one player sent: events in order, the state after each, and what two of them prove (metrics.md §3)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.oracle.definitions import SECOND, threshold
from tests.oracle.events import Event

RANK = ("initialized", "played", "interacted", "seeked", "paused", "completed", "terminated")
STOPS = ("paused", "completed", "terminated")


@dataclass(frozen=True)
class Step:
    """An event of a stream with the player's state after it."""

    event: Event
    is_playing: bool
    rate: float
    position: int

    @property
    def left_from(self) -> int:
        """Position before the event."""
        is_seek = self.event.verb == "seeked" and self.event.position_from is not None
        return self.event.position_from if is_seek else self.position


@dataclass(frozen=True)
class Interval:
    """A stretch [start, end) of a video that was surely watched, and how far it may have gone."""

    statement_id: str
    learner: str
    video_id: str
    course_id: str
    stream: str
    kind: str
    at: int
    next_id: str
    rate: float
    wall: int
    start: int
    end: int
    end_high: int

    @property
    def seconds(self) -> int:
        return self.end - self.start


def lengths(events: Iterable[Event]) -> dict[str, int]:
    """The length most statements of a video report, ties to the longer."""
    told: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for event in events:
        if event.activity_type == "video" and event.length:
            told[event.activity_id][event.length] += 1
    return {video: max(counts, key=lambda length: (counts[length], length)) for video, counts in told.items()}


def streams(events: Iterable[Event], video_lengths: dict[str, int]) -> dict[tuple[str, str, str], list[Step]]:
    """Learner × video × player session → its steps."""
    found: defaultdict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.activity_type == "video" and event.verb in RANK and _after(event) is not None:
            key = (event.learner, event.activity_id, event.player_session or event.registration or "1")
            found[key].append(event)
    return {key: _steps(same, video_lengths.get(key[1], 0)) for key, same in found.items()}


def _after(event: Event) -> int | None:
    return event.position_to if event.verb == "seeked" else event.position


def clipped(position: int, length: int) -> int:
    return min(position, length) if length else position


def _steps(events: list[Event], length: int) -> list[Step]:
    events = sorted(events, key=lambda event: (event.at, _after(event), RANK.index(event.verb), event.statement_id))
    steps, is_playing, rate = [], False, 1.0
    for event in events:
        if event.verb == "played":
            is_playing = True
        elif event.verb in STOPS:
            is_playing = False
        rate = event.rate if event.rate else rate
        steps.append(Step(event, is_playing, rate, clipped(_after(event), length)))
    return steps


def intervals(
    found: dict[tuple[str, str, str], list[Step]], events: Iterable[Event], video_lengths: dict[str, int]
) -> list[Interval]:
    """One interval per step after which the player was playing."""
    times: defaultdict[str, list[int]] = defaultdict(list)
    for event in events:
        times[event.learner].append(event.at)
    intervals = []
    for (learner, video, stream), steps in found.items():
        length = video_lengths.get(video, 0)
        is_compressed = _is_compressed(steps, length)
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            if step.is_playing:
                kind, end, high = _proof(step, following, is_compressed, length, times[learner])
                intervals.append(
                    Interval(
                        step.event.statement_id,
                        learner,
                        video,
                        step.event.course_id,
                        stream,
                        kind,
                        step.event.at,
                        following.event.statement_id if following else "",
                        step.rate,
                        following.event.at - step.event.at if following else 0,
                        step.position,
                        end,
                        high,
                    )
                )
    return intervals


def _advance_and_reach(step: Step, following: Step, length: int) -> tuple[int, int]:
    wall = following.event.at - step.event.at
    return clipped(following.left_from, length) - step.position, round(wall * step.rate)


def _is_compressed(steps: list[Step], length: int) -> bool:
    """Over the played pairs more video passed than four times what the clock allows."""
    pairs = [_advance_and_reach(a, b, length) for a, b in zip(steps, steps[1:], strict=False) if a.is_playing]
    return sum(a for a, _ in pairs) > threshold("compressed_clock_factor") * sum(reach for _, reach in pairs)


def _proof(
    step: Step, following: Step | None, is_compressed: bool, length: int, times: list[int]
) -> tuple[str, int, int]:
    """(kind, where the sure part ends, where it ends at the most)."""
    start = step.position
    if following is None:
        return "censored", start, _bound(step, length, times)
    advance, reach = _advance_and_reach(step, following, length)
    is_reachable = 0 <= advance <= reach + threshold("reach_tolerance_seconds") * SECOND
    if following.event.verb == "played" and not is_reachable and not (is_compressed and advance >= 0):
        return "censored", start, _bound(step, length, times)
    if advance < 0:
        return "lost_seek", start, clipped(start + reach, length)
    if is_compressed:
        return "compressed", start + advance, start + advance
    if is_reachable:
        kind = "resumed" if following.event.verb == "played" else "observed"
        return kind, start + advance, start + advance
    if advance <= threshold("unreported_rate_max") * reach:
        return "observed", start + advance, start + advance
    return "jump", start + reach, start + advance


def _bound(step: Step, length: int, times: list[int]) -> int:
    """As far as the clock allows until the learner did anything else, and no farther than the end."""
    later = [at for at in times if at > step.event.at]
    if not later:
        return length or step.position
    return clipped(step.position + round((min(later) - step.event.at) * step.rate), length)
