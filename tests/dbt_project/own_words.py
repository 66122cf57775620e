"""Statements with learners' own words wherever a statement has room for them, in a course of their own."""

import json
from collections.abc import Iterator

ADL = "http://adlnet.gov/expapi"
COURSE = {"id": "https://own.example/course", "definition": {"type": f"{ADL}/activities/course"}}
KEY = "events/own/dt=2025-09-15/own.ndjson"
LEARNERS = 12
# What stands in the statements below and in no table that a reader may read.
OWN_WORDS = (
    "my mother is ill",  # an open question
    "Plumberry",  # beside the choices that an item lists
    "4917612345",  # a number among rare answers that look like codes
    "Quincewell",  # a name among them
    "plum-87",
    "Damson",  # the second content of an id
    "I feel lost",  # the title of a post
    "divorce lawyer",  # a search: its name, and its words in an address
    "divorce+lawyer",
    "burnout+symptoms",  # an address that a learner came from
    "CV of Ann",  # a file that was handed in
    "Ann Pearmain",  # the names of the actor, of a learner as the object, of the account
    "ann.pearmain",
    "says a word",  # the display of a verb
    "hidden note",  # descriptions, extensions, attachments
    "Medlar",  # lines that are refused
    "Bullace",  # values that are flagged
)
# What many gave to an open item stands where learners are counted, not with each of them.
OF_MANY = "fortytwo"
# What may be seen: listed choices, marks, and what many gave to an item that is not open.
SHOWN = {"choices": {"blue", "a"}, "codes": {"b", "Lyon"}, "open": set(), "numbers": set()}


def own_lines() -> list[str]:
    """The lines of the drop."""
    statements = [_numbered(number, said) for number, said in enumerate(_said(), 1)]
    conflict = statements[0] | {"result": {"response": "Damson"}, "stored": "2025-09-15T11:00:00Z"}
    return [json.dumps(line) for line in (*statements, conflict)] + list(_refused(statements[0]))


def _numbered(number: int, said: dict) -> dict:
    learner = said.pop("learner", 0)
    return {
        "id": f"0000e000-0000-4000-8000-{number:012d}",
        "actor": {"name": "Ann Pearmain", "mbox": f"mailto:ann.pearmain.{learner}@own.example"},
        "timestamp": f"2025-09-15T{10 + number // 60}:{number % 60:02d}:00Z",
        "context": {
            "contextActivities": {"grouping": [COURSE]},
            "extensions": {"https://own.example/note": "hidden note"},
        },
    } | said


def _said() -> Iterator[dict]:
    listed = {"choices": [{"id": "a"}, {"id": "blue", "description": {"en": "The blue one"}}]}
    for learner in range(LEARNERS):
        yield _answer(learner, "open", f"Day {learner}: my mother is ill", {"interactionType": "long-fill-in"})
        yield _answer(learner, "codes", "Lyon", {"interactionType": "choice"})
        yield _answer(learner, "numbers", OF_MANY, {})
    for number in range(30):
        yield _answer(0, "numbers", f"plum-{number + 60}", {})
    for learner, response in enumerate(("a[,]Plumberry", "blue", "4917612345[,]a")):
        yield _answer(learner, "choices", response, {"interactionType": "choice"} | listed)
    for learner, response in enumerate(("4917612345", "Quincewell", "b", "plum-87")):
        yield _answer(learner, "codes", response, {"interactionType": "choice"})
    yield from _made()


def _answer(learner: int, item: str, response: str, definition: dict) -> dict:
    described = {"type": f"{ADL}/activities/question", "description": {"en": "hidden note"}}
    return {
        "learner": learner,
        "verb": {"id": f"{ADL}/verbs/answered"},
        "object": {"id": f"https://own.example/{item}", "definition": described | definition},
        "result": {"response": response, "success": False, "extensions": {"https://own.example/why": "hidden note"}},
    }


def _made() -> Iterator[dict]:
    """Posts, searches, files, people, and what else learners write."""
    for verb, kind, name in (
        (f"{ADL}/verbs/commented", "http://id.tincanapi.com/activitytype/forum-topic", "I feel lost"),
        (f"{ADL}/verbs/experienced", "http://id.tincanapi.com/activitytype/forum-topic", "I feel lost"),
        ("http://activitystrea.ms/schema/1.0/search", "", "divorce lawyer"),
        ("http://activitystrea.ms/schema/1.0/attach", f"{ADL}/activities/file", "CV of Ann"),
        (f"{ADL}/verbs/experienced", "http://id.tincanapi.com/activitytype/user-profile", "Ann Pearmain"),
    ):
        definition = {"name": {"en": name}} | ({"type": kind} if kind else {})
        yield {
            "verb": {"id": verb},
            "object": {"id": f"https://own.example/{name.replace(' ', '-').lower()[:3]}", "definition": definition},
        }
    came_from = {"http://id.tincanapi.com/extension/referrer": "https://find.example/?q=burnout+symptoms"}
    yield {
        "verb": {"id": f"{ADL}/verbs/experienced", "display": {"en": "says a word"}},
        "object": {"id": "https://own.example/search?query=divorce+lawyer&page=2"},
        "context": {"contextActivities": {"grouping": [COURSE]}, "extensions": came_from, "language": "Bullace it is"},
        "attachments": [_attachment()],
    }
    yield {
        "verb": {"id": f"{ADL}/verbs/experienced"},
        "object": {"objectType": "Agent", "name": "Ann Pearmain", "mbox": "mailto:ann.pearmain@own.example"},
    }
    yield {
        "verb": {"id": "https://w3id.org/xapi/video/verbs/paused"},
        "object": {
            "id": "https://own.example/video",
            "definition": {"type": "https://w3id.org/xapi/video/activity-type/video"},
        },
        "result": {
            "duration": "Bullace",
            "extensions": {
                "https://w3id.org/xapi/video/extensions/time": 12,
                "https://w3id.org/xapi/video/extensions/played-segments": "Bullace[.]12",
            },
        },
    }


def _attachment() -> dict:
    return {
        "usageType": "http://id.tincanapi.com/attachment/supporting_media",
        "display": {"en": "hidden note"},
        "contentType": "text/plain",
        "length": 1,
        "sha2": "a" * 64,
    }


def _refused(good: dict) -> Iterator[str]:
    """Lines that are no statements, each with a value that must not be repeated."""
    number = 900
    for wrong in (
        {"id": "Medlar"},
        {"actor": {"mbox": "Medlar"}},
        {"actor": "Medlar"},
        {"verb": {"id": "Medlar"}},
        {"object": {"id": "Medlar", "objectType": "Medlar"}},
        {"timestamp": "Medlar"},
        {"version": "Medlar"},
        {"context": {"registration": "Medlar"}},
    ):
        number += 1
        yield json.dumps(good | {"id": f"0000e000-0000-4000-8000-{number:012d}"} | wrong)
    yield json.dumps({"event": good | {"result": {"response": "Medlar"}}})
    yield '{"Medlar": '
    yield '"Medlar"'
