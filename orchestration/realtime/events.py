"""What the rules see of a statement: who, what, to what, when, and with which result."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson

from orchestration.contract.identity import identifier_of, identity_of, same_iri
from orchestration.contract.moments import read_moment
from orchestration.contract.vocabulary import activity_type_iris, extension_iris, verb_names

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEY_CHARACTERS = 400
"""PostgreSQL's indexes take keys of 2,700 bytes. Honest identities have some 60 characters."""
PLACES = ("parent", "grouping", "category")
_CONTENT_IDS = uuid.uuid5(uuid.NAMESPACE_OID, "statement without an id")


@dataclass(frozen=True, slots=True)
class Event:
    """An accepted statement, as far as the rules need it."""

    statement_id: str
    learner: str
    """The identity as a text, in one spelling."""
    actor: dict[str, Any]
    """The identifier as it was sent, for the platform to know the learner by."""
    verb: str
    """Our name of the verb; empty for one that is not known."""
    activity_id: str
    named_courses: tuple[str, ...]
    registration: str
    occurred_at: datetime
    received_at: datetime
    """When the broker took it."""
    position_seconds: float | None = None
    score_scaled: float | None = None
    is_correct: bool | None = None
    is_completed: bool | None = None


def event_of(document: dict[str, Any], received: datetime) -> Event:
    """The event of a statement that the judge accepted. Without an id it gets one that follows from its content."""
    context = _object(document, "context")
    result = _object(document, "result")
    moment = read_moment(document.get("timestamp") or document.get("stored") or "")
    score = _number(_object(result, "score").get("scaled"))
    return Event(
        statement_id=str(document.get("id") or uuid.uuid5(_CONTENT_IDS, _sorted_text(document))).lower(),
        learner=shortened(identity_of(document["actor"])),
        actor=identifier_of(document["actor"]),
        verb=_verbs().get(document["verb"]["id"], ""),
        activity_id=same_iri(str(document["object"].get("id", ""))),
        named_courses=_named_courses(document, context),
        registration=shortened(str(context.get("registration") or "").lower()),
        occurred_at=moment if moment is not None else EPOCH,
        received_at=received,
        position_seconds=_position(result, context),
        score_scaled=score if score is not None and abs(score) <= 1 else None,
        is_correct=_flag(result.get("success")),
        is_completed=_flag(result.get("completion")),
    )


def shortened(key: str) -> str:
    """A key that an index takes: of a very long one the beginning, and a hash of the whole."""
    if len(key) <= KEY_CHARACTERS:
        return key
    return f"{key[: KEY_CHARACTERS // 2]}…{hashlib.sha256(key.encode()).hexdigest()}"


def received_at(milliseconds: int, now: datetime) -> datetime:
    """When the broker took the message; the present where it does not say."""
    return EPOCH + timedelta(milliseconds=milliseconds) if milliseconds > 0 else now


def _named_courses(document: dict[str, Any], context: dict[str, Any]) -> tuple[str, ...]:
    """The course that the statement is about, or those that it names as a place, nearest first."""
    if _object(document["object"], "definition").get("type") in _course_types():
        return (same_iri(str(document["object"]["id"])),)
    activities = context.get("contextActivities")
    if not isinstance(activities, dict):
        return ()
    courses = []
    for place in PLACES:
        listed = activities.get(place) or ()
        for activity in listed if isinstance(listed, list) else (listed,):
            if isinstance(activity, dict) and _object(activity, "definition").get("type") in _course_types():
                courses.append(same_iri(str(activity.get("id", ""))))
    return tuple(courses)


def _position(result: dict[str, Any], context: dict[str, Any]) -> float | None:
    for part in (result, context):
        extensions = _object(part, "extensions")
        for iri in _position_iris():
            value = _number(extensions.get(iri))
            if value is not None:
                return value
    return None


def _object(parent: dict[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _sorted_text(document: dict[str, Any]) -> str:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


@cache
def _verbs() -> dict[str, str]:
    return verb_names()


@cache
def _course_types() -> frozenset[str]:
    return frozenset(activity_type_iris("course"))


@cache
def _position_iris() -> tuple[str, ...]:
    return tuple(extension_iris("position_seconds"))
