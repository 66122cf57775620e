"""Each bad input has its outcome, the same as `warehouse check` gives."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from orchestration.contract.identity import identity_of, same_iri
from orchestration.realtime.events import Event, event_of
from orchestration.realtime.judge import MessageRefusal, StreamJudge
from tests.orchestration.contract.examples import RejectedExample, accepted_examples, rejected_examples

RECEIVED = datetime(2026, 1, 5, 12, 0, 30, tzinfo=UTC)
MILLISECONDS = int(RECEIVED.timestamp() * 1000)
STATEMENT = {
    "id": "00000000-0000-4000-8000-00000000000A",
    "actor": {"account": {"homePage": "https://LMS.example", "name": "anna"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {
        "id": "https://LMS.example/Module",
        "definition": {"type": "http://adlnet.gov/expapi/activities/module"},
    },
    "context": {
        "registration": "11111111-1111-4111-8111-111111111111",
        "contextActivities": {
            "parent": [{"id": "https://lms.example/m"}],
            "grouping": {
                "id": "https://LMS.example/c",
                "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
            },
        },
    },
    "result": {"score": {"scaled": 0.5}, "success": False, "completion": True},
    "timestamp": "2026-01-05T12:00:00Z",
}


def judged(value, milliseconds: int = MILLISECONDS) -> Event | MessageRefusal:
    text = value if isinstance(value, bytes | None) else json.dumps(value).encode()
    return StreamJudge().judged(text, milliseconds)


def without(name: str) -> dict:
    return {key: value for key, value in STATEMENT.items() if key != name}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{cut off", "not_json"),
        (b"\xff\xfe", "invalid_utf8"),
        (b"[1]", "not_object"),
        (b"", "not_object"),
        (None, "not_object"),
        (without("actor"), "missing_actor"),
        (without("verb"), "missing_verb"),
        (without("object"), "missing_object"),
        (STATEMENT | {"id": "4711"}, "invalid_id"),
        ({"event": STATEMENT}, "wrapped_in_event"),
        (STATEMENT | {"timestamp": "2026-01-06T12:00:00Z"}, "future_timestamp"),
    ],
)
def test_what_is_no_statement_is_refused_with_its_reason(value, reason: str):
    refusal = judged(value)
    assert isinstance(refusal, MessageRefusal)
    assert refusal.reason == reason


@pytest.mark.parametrize(
    "example", [example for example in rejected_examples() if example.kind == "events" and example.line]
)
def test_the_reasons_and_places_are_those_of_the_check(example: RejectedExample):
    """One contract: what `warehouse check` says of a line, the stream says of a message."""
    said = judged(example.line, int(datetime.now(UTC).timestamp() * 1000))
    assert isinstance(said, MessageRefusal)
    assert (said.reason, said.path) == (example.reason, example.path)


@pytest.mark.parametrize("statement", accepted_examples("events"))
def test_what_the_check_accepts_is_an_event(statement: dict):
    assert isinstance(judged(statement, int(datetime.now(UTC).timestamp() * 1000)), Event)


def test_a_clock_may_be_five_minutes_ahead_of_the_broker_and_a_replay_says_the_same():
    """Judged by the clock of the worker, a message would be refused now and accepted in a replay tomorrow."""
    ahead = STATEMENT | {"timestamp": "2026-01-05T12:08:00Z"}
    assert isinstance(judged(ahead), MessageRefusal)
    assert isinstance(judged(STATEMENT | {"timestamp": "2026-01-05T12:05:00Z"}), Event)


def test_an_event_has_what_the_rules_need_in_one_spelling():
    event = judged(STATEMENT)
    assert event == Event(
        statement_id="00000000-0000-4000-8000-00000000000a",
        learner="account|https://lms.example|anna",
        actor=STATEMENT["actor"],
        verb="completed",
        activity_id="https://lms.example/Module",
        named_courses=("https://lms.example/c",),
        registration="11111111-1111-4111-8111-111111111111",
        occurred_at=datetime(2026, 1, 5, 12, tzinfo=UTC),
        received_at=RECEIVED,
        score_scaled=0.5,
        is_correct=False,
        is_completed=True,
    )


def test_a_statement_without_an_id_has_one_by_its_content():
    one, same, other = (judged(without("id") | change) for change in ({}, {}, {"timestamp": "2026-01-05T12:00:01Z"}))
    assert one.statement_id == same.statement_id != other.statement_id


def test_unusual_values_reach_no_column_that_refuses_them():
    """PostgreSQL keeps no NUL, and an index no key of 3,000 bytes."""
    actor = {"account": {"homePage": "https://lms.example", "name": "x" * 5000 + "\0"}}
    event = judged(STATEMENT | {"actor": actor, "result": {"score": {"scaled": 7}, "success": "yes"}})
    assert len(event.learner) < 500
    assert "\0" not in event.learner
    assert (event.score_scaled, event.is_correct) == (None, None)


@pytest.mark.parametrize(
    ("actor", "identity"),
    [
        ({"mbox": "mailto:a@x.org"}, "mbox_sha1sum|"),
        ({"mbox_sha1sum": "AB" * 20}, "mbox_sha1sum|" + "ab" * 20),
        ({"openid": "HTTPS://ID.example/Anna"}, "openid|https://id.example/Anna"),
        ({"account": {"name": 'a"b', "homePage": "https://lms.example:443/"}}, 'account|https://lms.example|a\\"b'),
        (
            {"objectType": "Group", "member": [{"openid": "https://b"}, {"openid": "https://a"}]},
            "group|openid|https://a|",
        ),
    ],
)
def test_an_identity_is_a_text_in_one_spelling(actor: dict, identity: str):
    assert identity_of(actor).startswith(identity)


def test_an_address_and_its_hash_are_one_learner():
    sha1 = hashlib.sha1(b"mailto:pat@example.org").hexdigest()
    assert identity_of({"mbox": "mailto:Pat@Example.org"}) == identity_of({"mbox_sha1sum": sha1})


def test_only_scheme_and_host_lose_their_capitals():
    assert same_iri("HTTPS://A.example/B?C") == "https://a.example/B?C"
    assert same_iri("block-v1:Org+Course") == "block-v1:Org+Course"


def test_an_event_about_a_course_is_of_that_course():
    document = STATEMENT | {
        "object": {"id": "https://lms.example/c2", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}
    }
    assert event_of(document, RECEIVED).named_courses == ("https://lms.example/c2",)
