"""Statements as a sender words them, from what a learner did. IRIs come from the seeds."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache

from tests.oracle.definitions import extension_iri, seed

HOME_PAGE = "https://campus.example.org"
# Where the Video Profile puts an extension; the rest belongs to the result.
OF_CONTEXT = ("player_session_id", "content_length_seconds")


@cache
def verb_iri(verb: str) -> str:
    return next(iri for iri, name in seed("xapi_verbs", "verb_iri", "verb").items() if name == verb)


@cache
def type_iri(activity_type: str) -> str:
    return next(
        iri
        for iri, name in seed("activity_types", "activity_type_iri", "activity_type").items()
        if name == activity_type
    )


def moment(milliseconds: int, zone: str = "Z") -> str:
    """A time of the day it stands for, in UTC, with or without saying so; or two hours ahead, and saying that."""
    ahead = 2 if zone == "+02:00" else 0
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds, hours=ahead)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}{zone}"


def statement_id(case: int, number: int) -> str:
    return f"{case:08x}-0000-4000-8000-{number:012x}"


def activity(activity_id: str, activity_type: str) -> dict:
    return {"id": activity_id, "objectType": "Activity", "definition": {"type": type_iri(activity_type)}}


def extensions(fields: dict[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """The fields that are known as extensions of the context and of the result."""
    known = {name: value for name, value in fields.items() if value is not None and value != ""}
    context = {extension_iri(name): value for name, value in known.items() if name in OF_CONTEXT}
    result = {extension_iri(name): value for name, value in known.items() if name not in OF_CONTEXT}
    return context, result


def statement(
    identity: str | None, learner: dict, verb: str, thing: dict, timestamp: str | None, **parts: object
) -> dict:
    """An xAPI statement; `parts` are its further properties, and those that are None are left out."""
    whole = {
        "id": identity,
        "actor": {"objectType": "Agent"} | learner,
        "verb": {"id": verb_iri(verb)},
        "object": thing,
        "timestamp": timestamp,
    } | parts
    return {name: value for name, value in whole.items() if value is not None}


def account_of(name: str) -> dict:
    return {"account": {"homePage": HOME_PAGE, "name": name}}


def line(statement: dict, spelling: int = 0) -> str:
    """The statement as text; another spelling says the same with other blanks and another order of properties."""
    if spelling:
        return json.dumps(dict(reversed(statement.items())), indent=None, separators=(", ", " : "))
    return json.dumps(statement, separators=(",", ":"))
