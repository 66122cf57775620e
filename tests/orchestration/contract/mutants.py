"""Statements with one to three faults each, drawn by Hypothesis: something is replaced, removed or added anywhere."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

UUID = "6f1d2c3b-4a59-4687-8a1b-0c1d2e3f4a5b"
VERB = {"id": "http://adlnet.gov/expapi/verbs/experienced"}
ACCOUNT = {"homePage": "https://lms.example.org", "name": "learner-4711"}
ACTORS = [
    {"account": ACCOUNT},
    {"mbox": "mailto:learner@example.org", "name": "Learner", "objectType": "Agent"},
    {"mbox_sha1sum": "41439fd30116c4ee020ef587b7f9a3f1d537d8a8"},
    {"openid": "https://openid.example.org/4711"},
    {"objectType": "Group", "account": ACCOUNT, "member": [{"mbox": "mailto:learner@example.org"}]},
    {"objectType": "Group", "member": [{"mbox": "mailto:learner@example.org"}, {"account": ACCOUNT, "name": "L"}]},
]
ACTIVITY = {
    "id": "https://lms.example.org/videos/1",
    "objectType": "Activity",
    "definition": {"type": "https://w3id.org/xapi/video/activity-type/video", "name": {"en-US": "Video 1"}},
}
REFERENCE = {"objectType": "StatementRef", "id": UUID}
OBJECTS = [
    ACTIVITY,
    {"id": "https://lms.example.org/pages/1"},
    REFERENCE,
    {"objectType": "Agent", "mbox": "mailto:other@example.org"},
    {"objectType": "Group", "member": [{"mbox": "mailto:other@example.org"}]},
    {"objectType": "SubStatement", "actor": ACTORS[0], "verb": VERB, "object": ACTIVITY},
    {"objectType": "SubStatement", "actor": ACTORS[1], "verb": VERB, "object": REFERENCE},
]
CONTEXT = {
    "registration": UUID,
    "contextActivities": {"parent": [{"id": "https://lms.example.org/modules/1"}], "grouping": ACTIVITY},
    "extensions": {"https://w3id.org/xapi/video/extensions/length": 600},
}
TIMES = [
    "2024-03-04T10:00:00Z",
    "2024-03-04T10:00:00.123456789+02:00",
    "2024-03-04 10:00:00",
    "2024-03-04t10:00:00z",
    "2024-03-04T10:00:00-00:00",
    "2024-03-04T10:00:00-0000",
    "2024-03-04T10:00:00-00",
    "2024-03-04T10:00:00+0530",
    "2024-03-04T10:00:00+05",
    "2024-03-04T10:00:00+14:00",
    "2024-03-04T10:00:00+25:00",
    "2024-03-04T10:00:00+05:60",
    "2024-03-04T10:00",
    "2024-03-04T10:00Z",
    "2024-03-04",
    "2024-03-04T24:00:00Z",
    "2024-03-04T24:00:01Z",
    "2024-03-04T23:59:60Z",
    "2024-03-04T10:60:00Z",
    "2024-02-29T10:00:00Z",
    "2023-02-29T10:00:00Z",
    "2024-02-30T10:00:00Z",
    "2024-04-31T10:00:00Z",
    "2024-13-01T10:00:00Z",
    "2024-00-10T10:00:00Z",
    "2024-W10-1T10:00:00Z",
    "2024-064T10:00:00Z",
    "20240304T100000Z",
    "20240304T100000.5+0200",
    "2024-03-04T10:00:00,5Z",
    "2024-03-04T10:00:00.Z",
    "0001-01-01T00:00:00Z",
    "1899-12-31T23:59:59Z",
    "1900-01-01T00:00:00Z",
    "1969-12-31T23:59:59.9Z",
    "2026-01-05T12:05:00Z",
    "2026-01-05T12:05:00.001Z",
    "2026-01-05T14:05:00+02:00",
    "2026-01-05T14:05:01+02:00",
    "2026-01-05T10:05:01-02:00",
    "2299-12-31T00:00:00Z",
    "2300-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2024-03-04T10:00:00Z ",
    " 2024-03-04T10:00:00Z",
    "2024-03-04T10:00:00Z\n",
    "1709546400",
    "now",
]
TEXTS = [
    "",
    " ",
    "x",
    "x:y",
    "x: y",
    "ab=c://should.fail.com",
    "http://exämple.org/ü",
    'http://a.b/"q',
    "http://a.b/\\c",
    "http://a.b/\u00a0c",
    "http://a.b/\tc",
    "mailto:a@b",
    "mailto:a",
    "mailto:a@b@c",
    "MAILTO:a@b",
    "mailto:a b@c",
    "mailto:ü@b",
    "a@b",
    "Agent",
    "agent",
    "Group",
    "Activity",
    "StatementRef",
    "SubStatement",
    "GroupActivity",
    "null",
    "41439FD30116C4EE020EF587B7F9A3F1D537D8A8",
    "41439fd30116c4ee020ef587b7f9a3f1d537d8a",
    UUID,
    UUID.upper(),
    UUID.replace("-", ""),
    "{" + UUID + "}",
    UUID + "0",
    "00000000-0000-0000-0000-000000000000",
    "1.0",
    "1.0.3",
    "1.0.9",
    "1.1.0",
    "2.0",
    "2.0.0",
    "0.9",
    "en-US",
    *TIMES,
]
KEYS = [
    *("id", "actor", "verb", "object", "result", "context", "timestamp", "stored", "version", "authority"),
    *("attachments", "objectType", "name", "mbox", "mbox_sha1sum", "openid", "account", "homePage", "member"),
    *("definition", "display", "registration", "extensions", "ID", "Actor", "extra"),
]


def values() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.sampled_from(TEXTS),
        st.sampled_from([None, True, False, 0, 5, -1, 1.5, 10**20, [], {}, [None], ["x:y"], [{}], {"": ""}]),
        st.sampled_from([json.dumps(ACTORS[0]), json.dumps(VERB), json.dumps(ACTIVITY), json.dumps(CONTEXT)]),
        st.sampled_from([*ACTORS, *OBJECTS, VERB, ACCOUNT, CONTEXT, [ACTORS[0]], {"id": UUID}, {"en-US": "x"}]),
    )


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    """A statement that was valid until something was done to it, as often as not."""
    statement = {
        "id": UUID,
        "actor": draw(st.sampled_from(ACTORS)),
        "verb": draw(st.sampled_from([VERB, VERB | {"display": {"en-US": "experienced"}}])),
        "object": draw(st.sampled_from(OBJECTS)),
        "context": CONTEXT,
        "timestamp": draw(st.sampled_from(TIMES)) if draw(st.booleans()) else TIMES[0],
        "version": "1.0.3",
    }
    return _mutated(draw, copy.deepcopy(statement), draw(st.integers(0, 3)))


@st.composite
def learner_lines(draw: st.DrawFn) -> dict[str, Any]:
    line = {
        "actor": draw(st.sampled_from(ACTORS)),
        "course_id": "https://lms.example.org/courses/1",
        "enrolled_at": draw(st.sampled_from(TIMES)),
    }
    return _mutated(draw, copy.deepcopy(line), draw(st.integers(0, 3)))


@st.composite
def catalog_lines(draw: st.DrawFn) -> dict[str, Any]:
    line = {"activity_id": draw(values()), "title": draw(values()), "position": draw(values())}
    return _mutated(draw, copy.deepcopy(line), draw(st.integers(0, 2)))


@st.composite
def change_lines(draw: st.DrawFn) -> dict[str, Any]:
    line = {
        "activity_id": "https://lms.example.org/videos/1",
        "entry": draw(st.sampled_from(["changed", "known", "being_worked_on", "cleared", "Changed", ""])),
        "at": draw(st.sampled_from(TIMES)),
        "position_seconds": draw(values()),
    }
    return _mutated(draw, copy.deepcopy(line), draw(st.integers(0, 2)))


LINES_OF_KIND = {
    "events": statements,
    "catalog": catalog_lines,
    "learners": learner_lines,
    "changes": change_lines,
}
"""Kind of drop → a strategy for its lines, good and damaged."""


def _mutated(draw: st.DrawFn, document: dict[str, Any], count: int) -> dict[str, Any]:
    for _ in range(count):
        container = draw(st.sampled_from(list(_containers(document))))
        keys = list(container) if isinstance(container, dict) else list(range(len(container)))
        action = draw(st.sampled_from(["replace", "remove", "add"]))
        if action == "add" and isinstance(container, dict):
            container[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(values()))
        elif keys and action == "remove":
            del container[draw(st.sampled_from(keys))]
        elif keys:
            container[draw(st.sampled_from(keys))] = copy.deepcopy(draw(values()))
    return document


def _containers(value: Any) -> Any:
    if isinstance(value, dict | list):
        yield value
        for member in value.values() if isinstance(value, dict) else value:
            yield from _containers(member)


def awkward_statements() -> list[dict[str, Any]]:
    """What once got two verdicts, or could: each is a good statement with the parts given."""
    agent = {"mbox": "mailto:learner@example.org"}
    good = {"id": UUID, "actor": agent, "verb": {"id": "x:y"}, "object": {"id": "x:y"}, "timestamp": TIMES[0]}
    sub = {"objectType": "SubStatement", "actor": agent, "verb": {"id": "x:y"}, "object": {"id": "x:y"}}
    group = {"objectType": "Group", **agent}
    parts = [
        *({"context": part} for part in (None, [], ["x"], "x", '{"registration":"x"}', {"registration": ["x"]})),
        *({"context": {"registration": part}} for part in (None, "", 5, [], UUID)),
        *({"stored": part} for part in (None, "x", "")),
        *({"timestamp": part, "stored": TIMES[0]} for part in (None, "", 5)),
        *({"version": part} for part in (None, "", 5, [], "1.0.", "1.0x", "1.0.3", "2.0.0", "3.0")),
        *({"version": "2.0.0", "timestamp": part} for part in TIMES),
        *({"timestamp": part} for part in (*TIMES, "0000-01-01T00:00:00Z", "2024-366T00:00:00Z", "20240304T1000Z")),
        *({"actor": agent | part} for part in ({"member": [agent]}, {"id": "x"}, {"name": None}, {"nick": 5})),
        *({"actor": group | part} for part in ({"mbox": "x", "member": [agent]}, {"member": []}, {"member": None})),
        *({"actor": {"objectType": "Group", "member": part}} for part in ([agent | {"x": 1}], [group], [{}], {}, "x")),
        *({name: json.dumps(good[name])} for name in ("actor", "verb", "object")),
        *({"verb": {"id": "x:y", "display": part}} for part in (None, {}, {"en": "a", "": "b"}, {"en_US": "a"})),
        *({"object": {"id": "x:y", "definition": part}} for part in (None, {}, {"name": "x"}, {"type": "x"}, [])),
        *({"object": {"id": "x:y", "definition": {"extensions": part}}} for part in (None, {"a": 1}, {"x:y": 1})),
        *({"object": {"id": "x:y", "objectType": part}} for part in (None, "Thing", "GroupActivity", 5)),
        *({"object": agent | part} for part in ({}, {"objectType": "Agent"}, {"objectType": "Agent", "id": "x:y"})),
        *({"object": sub | {"verb": part}} for part in ({}, {"id": "x:y", "q": 1}, '{"id":"x:y"}')),
        *({"object": sub | {"actor": part}} for part in ({}, agent | {"member": [agent]}, agent | {"q": 1}, group)),
        *({"object": sub | {"object": part}} for part in ({}, agent, agent | {"objectType": "Agent"}, sub, REFERENCE)),
        *({"object": sub | {"timestamp": part}} for part in (None, 5, "2024-02-30T10:00:00Z", TIMES[0])),
        *({"object": sub | {part: None}} for part in ("id", "stored", "version", "authority", "context", "q")),
    ]
    return [good | changed for changed in parts] + [
        {name: part for name, part in (good | {"stored": stored}).items() if name != absent}
        for absent in ("id", "timestamp", "actor", "verb", "object")
        for stored in (None, "", TIMES[0], "x")
    ]
