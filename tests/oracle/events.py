"""Lines to events (metrics.md §1): the four facts, copies merged, conflicts settled, voided ones gone.

Only what decides a number is read. How a refused line is refused in detail is the matter of other tests.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from tests.oracle.definitions import (
    MINUTE,
    Line,
    activity_type_of,
    arrival_of,
    extension_iris,
    threshold,
    verb_group_of,
    verb_of,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOT_CONTENT = ("stored", "authority", "version", "attachments")
MOST_SECONDS = 1_000_000
_TODAY = (datetime.now(UTC) - EPOCH) // timedelta(milliseconds=1)


@dataclass(frozen=True)
class Event:
    """One accepted statement. Times and positions are whole milliseconds."""

    statement_id: str
    source: str
    learner: str
    verb: str
    verb_group: str
    activity_id: str
    activity_type: str
    course_id: str
    at: int
    player_session: str
    registration: str
    position: int | None
    position_from: int | None
    position_to: int | None
    is_before_start: bool
    rate: float | None
    length: int | None
    segments: str
    arrival: str
    is_part: bool

    @property
    def order(self) -> tuple[int, str]:
        return self.at, self.statement_id


class UndecidedConflict(Exception):
    """Two contents under one id, stored alike: a hash decides, and nothing tells the oracle which one it took."""


def instant(text: str) -> int:
    """Milliseconds since 1970, the rest cut off; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(milliseconds=1)


def person(actor: dict) -> str:
    """One text per learner; an address and its SHA-1 are one, and so are the spellings of an address or a home page."""
    given = [name for name in ("account", "mbox", "mbox_sha1sum", "openid") if name in actor]
    if len(given) != 1:
        raise ValueError("not exactly one identifier")
    name, value = given[0], actor[given[0]]
    if name == "account":
        return f"account {_home(value['homePage'])} {value['name']}"
    if name == "mbox":
        return f"address {hashlib.sha1(_address(value).encode()).hexdigest()}"
    return f"address {value.lower()}" if name == "mbox_sha1sum" else f"openid {_home(value)}"


def _address(mbox: str) -> str:
    local, domain = mbox.strip()[len("mailto:") :].strip().split("@")
    return f"mailto:{local.lower() if threshold('mail_addresses_ignore_case') else local}@{domain.lower()}"


def _home(iri: str) -> str:
    """Without what RFC 3986 calls equal: capitals in scheme and host, the scheme's own port, an empty path."""
    site = urlsplit(iri)
    if site.scheme not in ("http", "https") or "@" in site.netloc:
        return iri
    host = site.netloc.lower().removesuffix({"http": ":80", "https": ":443"}[site.scheme])
    rest = iri[len(site.scheme) + len("://") + len(site.netloc) :]
    return f"{site.scheme}://{host}{'' if rest == '/' else rest}"


def milliseconds(seconds: object) -> int | None:
    """A position or length the player gives; absurd ones are none. Before the start of the video is the start."""
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not abs(seconds) < MOST_SECONDS:
        return None
    return max(round(seconds * 1000), 0)


@dataclass(frozen=True)
class _Copy:
    """One delivered copy of a statement that has who, what, to what and when."""

    line: Line
    statement: dict
    statement_id: str
    at: int
    content: str

    @property
    def stored(self) -> tuple[bool, int]:
        stored = self.statement.get("stored")
        return stored is None, 0 if stored is None else instant(stored)


def _content(statement: dict) -> str:
    """The statement without what a record store adds; numbers by value, the time as an instant."""
    kept = {name: value for name, value in statement.items() if name not in NOT_CONTENT}
    if "timestamp" in kept:
        kept["timestamp"] = instant(kept["timestamp"])

    def by_value(part: object) -> object:
        if isinstance(part, dict):
            return {name: by_value(value) for name, value in sorted(part.items())}
        if isinstance(part, list):
            return [by_value(value) for value in part]
        return float(part) if isinstance(part, int) and not isinstance(part, bool) else part

    return json.dumps(by_value(kept), sort_keys=True)


def _copy_of(line: Line) -> _Copy | None:
    """The line as a statement, or nothing where one of the four facts is missing or the clock is ahead of the lake."""
    try:
        statement = json.loads(line.text)
        person(statement["actor"])
        at = instant(statement.get("timestamp") or statement["stored"])
        target = statement["object"]["id"]
        if ":" not in statement["verb"]["id"] or not _is_id(target, statement["object"]):
            return None
        content = _content(statement)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if at > line.delivered_at + threshold("future_tolerance_minutes") * MINUTE:
        return None
    identity = statement.get("id") or line.name or f"without an id: {line.source} {content}"
    if "id" in statement and len(identity) != 36:
        return None
    return _Copy(line, statement, identity.lower(), at, content)


def is_statement(text: str) -> bool:
    """Whether a line is a statement that counts once it has been delivered, not refused for its form or its time."""
    return _copy_of(Line("", _TODAY, text)) is not None


def _is_id(target: str, thing: dict) -> bool:
    return " " not in target and (":" in target or thing.get("objectType") == "StatementRef")


def _chosen(copies: list[_Copy], taken: str | None) -> _Copy:
    """Of several contents the one stored first; of its copies the one stored first, of those of equal text any source.

    Where nothing but a hash decides, it is the one with the verb that was `taken`; any, if none was (it was voided).
    """
    first = min(copy.stored for copy in copies)
    contents = {copy.content for copy in copies if copy.stored == first}
    if len(contents) > 1 and taken is not None:
        contents = (
            {min(contents)} if not taken else {c.content for c in copies if c.stored == first and _verb(c) == taken}
        )
    if len(contents) != 1:
        raise UndecidedConflict(copies[0].statement_id)
    return min((copy for copy in copies if copy.content in contents), key=lambda copy: (copy.stored, copy.line.source))


def read_events(lines: Iterable[Line], taken: Mapping[str, str] | None = None) -> list[Event]:
    """Every event of these lines, in the order of (time, id). `taken`: statement → verb, for undecided conflicts."""
    copies: defaultdict[str, list[_Copy]] = defaultdict(list)
    for line in lines:
        copy = _copy_of(line)
        if copy is not None:
            copies[copy.statement_id].append(copy)
    chosen = [_chosen(same, None if taken is None else taken.get(i, "")) for i, same in copies.items()]
    voided = {copy.statement["object"]["id"].lower() for copy in chosen if _verb(copy) == "voided"}
    events = [_event(copy) for copy in chosen if _verb(copy) != "voided" and copy.statement_id not in voided]
    only = _only_courses(copy for same in copies.values() for copy in same)
    placed = [replace(event, course_id=event.course_id or only.get(event.activity_id, "")) for event in events]
    return sorted(placed, key=lambda event: event.order)


def _only_courses(copies: Iterable[_Copy]) -> dict[str, str]:
    """Activity → the only course that lines about it name, voided ones too; not of platforms and profiles.

    What a catalogue says goes before: in the inputs that have one it says what the statements say.
    """
    courses: defaultdict[str, set[str]] = defaultdict(set)
    unnamed = set()
    for copy in copies:
        event = _event(copy)
        if event.course_id:
            courses[event.activity_id].add(event.course_id)
        elif event.activity_type not in ("platform", "profile"):
            unnamed.add(event.activity_id)
    return {activity: min(named) for activity, named in courses.items() if activity in unnamed and len(named) == 1}


def _verb(copy: _Copy) -> str:
    return verb_of(copy.statement["verb"]["id"])


def _event(copy: _Copy) -> Event:
    statement = copy.statement
    context, result, thing = (statement.get(part) or {} for part in ("context", "result", "object"))
    told = {**(result.get("extensions") or {}), **(context.get("extensions") or {})}

    def extension(field: str) -> object:
        return next((told[iri] for iri in extension_iris(field) if iri in told), None)

    activity_type = activity_type_of(thing.get("definition", {}).get("type", ""))
    verb_iri = statement["verb"]["id"]
    is_lifecycle_of_video = activity_type == "video" and verb_group_of(verb_iri) == "lifecycle"
    rate = extension("playback_rate")
    return Event(
        statement_id=copy.statement_id,
        source=copy.line.source,
        learner=person(statement["actor"]),
        verb=_verb(copy),
        verb_group="video" if is_lifecycle_of_video else verb_group_of(verb_iri),
        activity_id=same_iri(thing["id"]),
        activity_type=activity_type,
        course_id=same_iri(
            thing["id"] if activity_type == "course" else _course(context.get("contextActivities") or {})
        ),
        at=copy.at,
        player_session=str(extension("player_session_id") or ""),
        registration=context.get("registration", ""),
        position=milliseconds(extension("position_seconds")),
        position_from=milliseconds(extension("position_from_seconds")),
        position_to=milliseconds(extension("position_to_seconds")),
        is_before_start=any(
            isinstance(told, int | float) and told < -threshold("position_tolerance_seconds")
            for told in map(extension, ("position_seconds", "position_from_seconds", "position_to_seconds"))
        ),
        rate=float(str(rate).removesuffix("x")) if rate is not None else None,
        length=milliseconds(extension("content_length_seconds")) or None,
        segments=str(extension("played_segments") or ""),
        arrival=arrival_of(str(extension("arrival_type") or ""), verb_group_of(verb_iri)),
        is_part=activity_type == "question" and _parent_type(context) == "question",
    )


def _related(activities: dict, relation: str) -> list[dict]:
    related = activities.get(relation) or []
    return related if isinstance(related, list) else [related]


def _type(activity: dict) -> str:
    return activity_type_of(activity.get("definition", {}).get("type", ""))


def same_iri(iri: str) -> str:
    """The IRI with scheme and host in lower case, as RFC 3986 §6.2.2.1 has it; the rest tells resources apart."""
    scheme, mark, rest = iri.partition("://")
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    if not mark or "@" in host or not re.fullmatch("[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return iri
    return scheme.lower() + mark + host.lower() + rest[len(host) :]


def _course(activities: dict) -> str:
    """The nearest course named: among the parents, else among the groupings, else among the categories."""
    named = [activity for relation in ("parent", "grouping", "category") for activity in _related(activities, relation)]
    return next((activity["id"] for activity in named if _type(activity) == "course"), "")


def _parent_type(context: dict) -> str:
    parents = [_type(parent) for parent in _related(context.get("contextActivities") or {}, "parent")]
    return next((parent_type for parent_type in parents if parent_type != "attempt"), *parents[:1] or [""])
