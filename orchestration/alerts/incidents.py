"""What is new, what goes on and what is over: problems followed from look to look.

A problem is told when two looks in a row have seen it, and once more for each day that it goes on; that it is over is
told when two looks in a row no longer see it. What lasts for a moment is told to no person.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from orchestration.alerts.problems import UNREACHABLE, Problem

LOOKS = 2
REMIND = timedelta(days=1)


@dataclass(frozen=True)
class Incident:
    """A problem as it was last seen, and what was told of it."""

    key: str
    what: str
    since: datetime
    looks: int = 1
    missed: int = 0
    told_at: datetime | None = None


@dataclass(frozen=True)
class News:
    """What to tell: problems with the moment they began, and incidents that are over."""

    opened: tuple[tuple[Problem, datetime], ...] = ()
    lasting: tuple[tuple[Problem, datetime], ...] = ()
    over: tuple[Incident, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.opened or self.lasting or self.over)


def follow(known: Sequence[Incident], problems: Sequence[Problem], now: datetime) -> tuple[list[Incident], News]:
    """The incidents after this look, as they are once the news are told, and the news."""
    by_key = {incident.key: incident for incident in known}
    incidents, opened, lasting = [], [], []
    for problem in problems:
        incident = _seen(by_key.pop(problem.key, None), problem, now)
        if incident.looks >= LOOKS and incident.told_at is None:
            opened.append((problem, incident.since))
            incident = replace(incident, told_at=now)
        elif incident.told_at and now - incident.told_at >= REMIND:
            lasting.append((problem, incident.since))
            incident = replace(incident, told_at=now)
        incidents.append(incident)
    # Where nothing answers, nothing is known of the other problems.
    is_blind = any(problem.key == UNREACHABLE for problem in problems)
    gone = (
        list(by_key.values())
        if is_blind
        else [replace(incident, missed=incident.missed + 1) for incident in by_key.values()]
    )
    over = [incident for incident in gone if incident.missed >= LOOKS and incident.told_at]
    incidents += [incident for incident in gone if incident.missed < LOOKS and incident.told_at]
    return incidents, News(tuple(opened), tuple(lasting), tuple(over))


def _seen(incident: Incident | None, problem: Problem, now: datetime) -> Incident:
    if incident is None:
        return Incident(problem.key, problem.what, min(problem.since or now, now))
    return replace(incident, what=problem.what, looks=incident.looks + 1, missed=0)


def write(incidents: Sequence[Incident]) -> str:
    """As text, for a sensor's cursor."""
    return json.dumps([asdict(incident) for incident in incidents], default=lambda moment: moment.isoformat())


def read(text: str) -> list[Incident]:
    """What `write` wrote; nothing for text that is not its own, so that problems are at worst told a second time."""
    try:
        return [_read(entry) for entry in json.loads(text or "[]")]
    except (ValueError, TypeError, KeyError):
        return []


def _read(entry: dict) -> Incident:
    moments = {name: datetime.fromisoformat(entry[name]) if entry[name] else None for name in ("since", "told_at")}
    return Incident(**(entry | moments))
