"""What one player sent: events in order, the state after each, and what two of them prove (metrics.md §3)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from tests.oracle.definitions import SECOND, threshold
from tests.oracle.events import Event

# At one time and position what ends a stretch comes before what starts the next: with the play first, a pause and its
# resume in a phone's batch would swap, and both stretches would be lost.
RANK = ("initialized", "paused", "seeked", "interacted", "played", "completed", "terminated")
STOPS = ("initialized", "paused", "completed", "terminated")
# A new start of the player: what was played until then has no end of its own.
STARTS = ("initialized", "played")
LAST = 1_000_000_000


@dataclass(frozen=True)
class Step:
    """An event of a stream with the player's state after it."""

    event: Event
    is_playing: bool
    rate: float
    target: int | None = None
    """Where a play is that repeats the position before the seek that it follows at once."""

    @property
    def before(self) -> int | None:
        """Position when it came."""
        return before(self.event) if self.target is None else self.target

    @property
    def position(self) -> int | None:
        """Position after it."""
        if self.target is not None:
            return self.target
        is_seek = self.event.verb == "seeked" and self.event.position_to is not None
        return self.event.position_to if is_seek else self.event.position


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
    is_outside: bool = False
    """A position at its start or end was moved into the video."""
    repeat: int = 1

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


def streams(events: Iterable[Event]) -> dict[tuple[str, str, str], list[Step]]:
    """Learner × video × player session → its steps."""
    by_stream: defaultdict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.activity_type == "video" and event.verb in RANK:
            key = (event.learner, event.activity_id, event.player_session or event.registration or "1")
            by_stream[key].append(event)
    return {key: _steps(same) for key, same in by_stream.items()}


def before(event: Event) -> int | None:
    is_seek = event.verb == "seeked" and event.position_from is not None
    return event.position_from if is_seek else event.position


def _order(event: Event) -> tuple[int, int, int, str]:
    """In one instant by position; an event without one comes last, the start of the player first."""
    nowhere = -1 if event.verb == "initialized" else LAST
    position = before(event)
    return event.at, nowhere if position is None else position, RANK.index(event.verb), event.statement_id


def clipped(position: int, length: int) -> int:
    return min(position, length) if length else position


def _steps(events: list[Event]) -> list[Step]:
    steps, is_playing, rate = [], False, 1.0
    for event in sorted(events, key=_order):
        if event.verb == "played":
            is_playing = True
        elif event.verb in STOPS:
            is_playing = False
        rate = event.rate if event.rate else rate
        steps.append(Step(event, is_playing, rate, _target(steps[-1], event) if steps else None))
    return steps


def _target(step: Step, event: Event) -> int | None:
    """Where the seek went, if the event is a play that repeats the position from before it, soon after."""
    if (step.event.verb, event.verb) != ("seeked", "played") or None in (step.before, event.position):
        return None
    is_soon = event.at - step.event.at <= threshold("stale_position_seconds") * SECOND
    is_repeated = abs(event.position - step.before) <= threshold("position_tolerance_seconds") * SECOND
    return step.position if is_soon and is_repeated else None


def intervals(
    steps_by_stream: dict[tuple[str, str, str], list[Step]], events: Iterable[Event], video_lengths: dict[str, int]
) -> list[Interval]:
    """One interval per step after which the player was playing."""
    times: defaultdict[str, list[int]] = defaultdict(list)
    for event in events:
        times[event.learner].append(event.at)
    intervals = []
    for (learner, video, stream), steps in steps_by_stream.items():
        length = video_lengths.get(video, 0)
        is_compressed = _is_compressed(steps)
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            if step.is_playing and step.position is not None:
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
                        clipped(step.position, length),
                        clipped(end, length),
                        max(clipped(high, length), clipped(end, length)),
                        _is_outside(step, following, length),
                    )
                )
    return intervals


def _is_outside(step: Step, following: Step | None, length: int) -> bool:
    ends = [(step.position, step.event)] + ([(following.before, following.event)] if following else [])
    behind = length + threshold("position_tolerance_seconds") * SECOND
    return any(event.is_before_start or (length and (position or 0) > behind) for position, event in ends)


def _reach(step: Step, until: int) -> int:
    """How far the clock allows the player to have come."""
    return round((until - step.event.at) * step.rate)


def _advance(step: Step, following: Step) -> int | None:
    """How far the position moved."""
    return None if None in (step.position, following.before) else following.before - step.position


def _is_compressed(steps: list[Step]) -> bool:
    """The clock stood still: over all played pairs, and over enough single ones that went somewhere."""
    pairs = [(a, b) for a, b in pairwise(steps) if a.is_playing and b.event.verb not in STARTS]
    known = [(b.event.at - a.event.at, _advance(a, b)) for a, b in pairs if _advance(a, b) is not None]
    share, far = threshold("compressed_clock_ratio"), threshold("reach_tolerance_seconds") * SECOND
    still = sum(advance > far and wall < share * advance for wall, advance in known)
    total = sum(max(advance, 0) for _, advance in known)
    return still >= threshold("compressed_clock_pairs_min") and sum(wall for wall, _ in known) < share * total


def _proof(
    step: Step, following: Step | None, is_compressed: bool, length: int, times: list[int]
) -> tuple[str, int, int]:
    """(kind, where the sure part ends, where it ends at the most)."""
    start = step.position
    advance = _advance(step, following) if following else None
    if advance is None:
        return "censored", start, _bound(step, length, times)
    reach = _reach(step, following.event.at)
    is_reachable = 0 <= advance <= reach + threshold("reach_tolerance_seconds") * SECOND
    if following.event.verb in STARTS and not is_reachable:
        return "censored", start, _bound(step, length, times)
    if advance < 0:
        return "lost_seek", start, start + reach if length else start
    if following.event.verb in STARTS:
        return "resumed", start + advance, start + advance
    if is_compressed:
        return "compressed", start + advance, start + advance
    if is_reachable or advance <= threshold("unreported_rate_max") * reach:
        return "observed", start + advance, start + advance
    return "jump", start + reach, start + advance


def _bound(step: Step, length: int, times: list[int]) -> int:
    """As far as the clock allows until the learner did anything else; of an unknown length nothing can be said."""
    later = [at for at in times if at > step.event.at]
    if not length:
        return step.position
    return step.position + _reach(step, min(later)) if later else length
