"""Which part of the lake a discovery lists. What lies outside is not judged: it is neither due nor missing.

Three tiers of looking: what changes by the minute, what may come late, and everything.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from orchestration.drop_kinds import DROP_KINDS
from orchestration.loading.errors import LoadError
from orchestration.loading.lake.objects import Lake

WEEK_DAYS = 7
"""Days that the hourly tier goes back. Range 2..31. Devices that were offline deliver for a few days; what comes later
than this is found by the sweep, and by nightly at the latest. Each day more costs one listing per source and hour."""


@dataclass(frozen=True)
class Scope:
    """Prefixes to list; none of them lies within another."""

    prefixes: tuple[str, ...]

    @property
    def is_everything(self) -> bool:
        return self == EVERYTHING


EVERYTHING = Scope(tuple(kind.prefix for kind in DROP_KINDS.values()))


class Tier(StrEnum):
    """How much of the lake a load looks at, besides the prefixes that it is given."""

    RECENT = "recent"
    """Folders of today and yesterday of every source of statements, and every other kind of drop."""
    WEEK = "week"
    """The same for WEEK_DAYS days, and tomorrow: some sources date their folders in a zone east of UTC."""
    EVERYTHING = "everything"


def scope_of(lake: Lake, tier: Tier, today: date, prefixes: Iterable[str] = ()) -> Scope:
    """The tier's folders as they are now, and the given prefixes.

    Raises LoadError when a prefix lies outside of what is watched.
    """
    given = list(prefixes)
    strays = [prefix for prefix in given if not prefix.startswith(EVERYTHING.prefixes)]
    if strays:
        raise LoadError(
            f"The prefix {strays[0]!r} is not watched. Expected one below {', '.join(EVERYTHING.prefixes)}, for "
            "instance 'events/my_app/dt=2026-01-05/'."
        )
    if tier is Tier.EVERYTHING:
        return EVERYTHING
    others = [kind.prefix for kind in DROP_KINDS.values() if not kind.has_statements]
    sources = [
        folder for kind in DROP_KINDS.values() if kind.has_statements for folder in lake.list_folders(kind.prefix)
    ]
    folders = [f"{source}dt={day:%Y-%m-%d}/" for source in sources for day in days_of(tier, today)]
    return Scope(tuple(without_nested([*folders, *others, *given])))


def without_nested(prefixes: Iterable[str]) -> list[str]:
    """The prefixes in order, without those that lie within another: what they name is listed once."""
    kept: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept


def days_of(tier: Tier, today: date) -> list[date]:
    back, ahead = (1, 0) if tier is Tier.RECENT else (WEEK_DAYS - 1, 1)
    return [today + timedelta(days=offset) for offset in range(-back, ahead + 1)]
