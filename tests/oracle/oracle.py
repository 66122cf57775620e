"""Everything the oracle says about a set of lines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.oracle.definitions import HOUR, Line, threshold
from tests.oracle.events import Event, read_events
from tests.oracle.reported import reported
from tests.oracle.sessions import Session, sessions
from tests.oracle.streams import Interval, intervals, lengths, streams
from tests.oracle.views import View, views


@dataclass(frozen=True)
class Account:
    """The oracle's reading of a set of statements."""

    events: list[Event]
    complete_through: int
    lengths: dict[str, int]
    intervals: list[Interval]
    sessions: list[Session]
    views: list[View]


def account(
    lines: Iterable[Line], catalogue_lengths: dict[str, int] | None = None, taken: Mapping[str, str] | None = None
) -> Account:
    """Reads the lines and works out the rest.

    The catalogue's lengths (ms) serve where no statement tells one; `taken` settles what only a hash decides.
    """
    events = read_events(lines, taken)
    complete_through = max((e.at for e in events), default=0) - threshold("allowed_lateness_hours") * HOUR
    video_lengths = (catalogue_lengths or {}) | lengths(events)
    steps = streams(events)
    proved = intervals(steps, events, video_lengths)
    every = proved + reported(events, proved, video_lengths)
    return Account(
        events,
        int(complete_through),
        video_lengths,
        every,
        sessions(events, steps, every, video_lengths),
        views(every, events, video_lengths, int(complete_through)),
    )
