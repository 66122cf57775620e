"""What the sensor remembers from tick to tick. A hint only: without it, or with another's, the next ticks look at more
than they must, and miss nothing.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from orchestration.sensors.scan import START, Position

TICK_SECONDS = 60
WEEK_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Cursor:
    """Where the looks at each tier go on, and when the week was last looked at to its end."""

    recent: Position = START
    week: Position = START
    week_seconds: float = 0.0
    """Time of the end of the last look at the week, in seconds since 1970."""
    sweep: Position = START

    def is_week_due(self, now: datetime) -> bool:
        """Also when the look has begun and not ended, and when the clock was set back."""
        passed = now.timestamp() - self.week_seconds
        return self.week != START or not 0 <= passed < WEEK_EVERY.total_seconds()

    def write(self) -> str:
        """The text that Dagster keeps."""
        return json.dumps(asdict(self))


def read_cursor(text: str | None) -> Cursor:
    """The cursor behind the text; a fresh one for what is no cursor of ours."""
    try:
        content = json.loads(text or "")
        places = {name: _place(content[name]) for name in ("recent", "week", "sweep")}
        return Cursor(**places, week_seconds=float(content["week_seconds"]))
    except (ValueError, TypeError, KeyError):
        return Cursor()


def _place(content: dict) -> Position:
    prefix, after = content["prefix"], content["after"]
    if not isinstance(prefix, str) or not isinstance(after, str) or not after.startswith(prefix if after else ""):
        raise ValueError(f"{content!r} is no place in a lake")
    return Position(prefix, after)
