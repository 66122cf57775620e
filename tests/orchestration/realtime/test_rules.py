"""The three rules, as a product person reads them, and what must hold of them whatever comes."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.realtime.catalogue import Item
from orchestration.realtime.events import Event
from orchestration.realtime.rule_book import Choices, CourseRules, PauseRule, RemediationRule, RuleBook, UnlockRule
from orchestration.realtime.rules import later, on_statement, pause_id, remediations, session_of, unlocks

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
ITEMS = [
    Item("course", "course", "course", mastery_score=0.7),
    Item("course", "first", "module", "First", position=1),
    Item("course", "third", "module", "Third", position=3),
    Item("course", "second", "module", "Second", position=2),
    Item("course", "quiz", "assessment", "Quiz", module_id="first", mastery_score=0.8),
    Item("course", "test", "assessment", "Test"),
    Item("closed", "first-closed", "module", position=1),
    Item("closed", "second-closed", "module", position=2),
    Item("closed", "exam", "assessment"),
    Item("other", "shared", "module", position=1),
    Item("course", "shared", "page"),
]
OPTED_OUT = CourseRules(UnlockRule(False), RemediationRule(False), PauseRule(False))
DEFAULTS = CourseRules(pause=PauseRule(ended_by=frozenset({"exited"})))
BOOK = RuleBook(ITEMS, Choices(DEFAULTS, {"closed": OPTED_OUT}))


def event(verb: str = "completed", activity: str = "first", **parts) -> Event:
    facts = {
        "statement_id": "s1",
        "learner": "anna",
        "actor": {"mbox": "mailto:anna@example.org"},
        "verb": verb,
        "activity_id": activity,
        "named_courses": (),
        "registration": "r1",
        "occurred_at": NOW - timedelta(minutes=1),
        "received_at": NOW,
    }
    return Event(**(facts | parts))


@pytest.mark.parametrize(
    ("activity", "opened"), [("first", ["second"]), ("second", ["third"]), ("third", []), ("quiz", []), ("unknown", [])]
)
def test_completing_a_module_opens_the_next_by_position(activity: str, opened: list[str]):
    assert [action.activity_id for action in unlocks(event(activity=activity), BOOK)] == opened


@pytest.mark.parametrize("verb", ["passed", "mastered", "satisfied"])
def test_every_verb_that_completes_opens(verb: str):
    assert len(unlocks(event(verb), BOOK)) == 1


def test_a_result_that_says_completed_opens_whatever_the_verb():
    assert len(unlocks(event("experienced", is_completed=True), BOOK)) == 1
    assert unlocks(event("experienced"), BOOK) == ()


def test_an_unlock_is_one_however_often_and_by_which_statement_the_module_is_completed():
    first, again = unlocks(event(), BOOK)[0], unlocks(event("passed", statement_id="s2"), BOOK)[0]
    assert first.action_id == again.action_id
    assert first.action_id != unlocks(event(learner="ben"), BOOK)[0].action_id


def test_a_course_may_opt_out_of_each_rule():
    assert unlocks(event(activity="first-closed"), BOOK) == ()
    assert remediations(event("failed", "exam"), BOOK, NOW) == ()
    assert session_of(event(activity="exam"), BOOK).pause_at is None


def test_the_course_is_the_one_that_the_statement_names_else_the_only_one_that_lists_it():
    assert BOOK.course_of(event(activity="first")) == "course"
    assert BOOK.course_of(event(activity="shared")) == ""
    assert BOOK.course_of(event(activity="shared", named_courses=("other",))) == "other"
    assert unlocks(event(activity="first", named_courses=("unknown course",)), BOOK) == ()


@pytest.mark.parametrize(
    ("activity", "score", "is_helped"),
    [("quiz", 0.79, True), ("quiz", 0.8, False), ("test", 0.69, True), ("test", 0.7, False)],
)
def test_help_is_offered_below_the_score_of_the_assessment_else_of_its_course(activity, score, is_helped):
    assert bool(remediations(event("scored", activity, score_scaled=score), BOOK, NOW)) is is_helped


@pytest.mark.parametrize(
    ("parts", "is_helped"),
    [
        ({"verb": "failed"}, True),
        ({"verb": "failed", "is_correct": True}, False),
        ({"verb": "failed", "score_scaled": 0.9}, False),
        ({"verb": "answered", "is_correct": False}, True),
        ({"verb": "completed", "is_correct": False}, False),
        ({"verb": "completed", "score_scaled": 0.1}, True),
        ({"verb": "experienced", "score_scaled": 0.1}, False),
        ({"verb": "failed", "activity": "first"}, False),
    ],
)
def test_a_result_is_a_score_else_a_verdict_of_an_assessment(parts: dict, is_helped: bool):
    assert bool(remediations(event(**({"activity": "quiz"} | parts)), BOOK, NOW)) is is_helped


def test_help_that_comes_too_late_is_on_record_and_not_sent():
    at_limit, late = (
        remediations(event("failed", "quiz", occurred_at=NOW - age), BOOK, NOW)[0].suppressed_because
        for age in (timedelta(minutes=30), timedelta(minutes=30, milliseconds=1))
    )
    assert (at_limit, late) == ("", "late")


@pytest.mark.parametrize(
    ("parts", "status", "pauses"),
    [
        ({}, "active", True),
        ({"verb": "exited"}, "ended", False),
        ({"occurred_at": NOW - timedelta(minutes=30)}, "stale", True),
        ({"occurred_at": NOW - timedelta(minutes=29)}, "active", True),
        ({"occurred_at": NOW + timedelta(minutes=4)}, "active", True),
    ],
)
def test_a_session_is_active_ended_or_silent_already(parts: dict, status: str, pauses: bool):
    session = session_of(event(**({"verb": "viewed"} | parts)), BOOK)
    assert (session.status, session.pause_at is not None) == (status, pauses)


def test_the_pause_of_a_session_is_one_for_each_silence():
    session, moved = (session_of(event(occurred_at=NOW - timedelta(seconds=age)), BOOK) for age in (9, 8))
    assert pause_id(session) == pause_id(session)
    assert pause_id(session) != pause_id(moved)


moments = st.datetimes(datetime(2026, 1, 4), datetime(2026, 1, 5, 12, 5), timezones=st.just(UTC))  # noqa: DTZ001
events = st.builds(
    event,
    verb=st.sampled_from(["completed", "failed", "exited", "viewed", "passed", ""]),
    activity=st.sampled_from(["first", "second", "third", "quiz", "test", "shared", "nowhere"]),
    statement_id=st.sampled_from("abcdef"),
    occurred_at=moments,
    score_scaled=st.none() | st.floats(-1, 1),
)


@given(st.lists(events, min_size=1, max_size=4))
def test_the_session_is_the_same_in_whichever_order_statements_come(given_events: list[Event]):
    """Born from phones that upload late: an older statement must not move a session back."""
    by_id = list({(sent.occurred_at, sent.statement_id): sent for sent in given_events}.values())
    ends = set()
    for order in permutations(by_id):
        session = None
        for sent in order:
            session, _ = on_statement(session, sent, BOOK, NOW)
        ends.add((session.order, session.activity_id, session.status))
    assert len(ends) == 1
    assert next(iter(ends))[0] == max((sent.occurred_at, sent.statement_id) for sent in by_id)


@given(st.lists(events, max_size=6), st.integers(0, 5))
def test_what_is_met_again_asks_for_nothing_new(given_events: list[Event], start: int):
    """A crash replays a suffix of what was done."""

    def asked(stream: list[Event]) -> set[str]:
        return {action.action_id for sent in stream for action in on_statement(None, sent, BOOK, NOW)[1]}

    assert asked(given_events + given_events[start:]) == asked(given_events)


@given(events, events, events)
def test_taking_the_later_state_is_associative(one: Event, two: Event, three: Event):
    """The database merges what batches have merged before."""
    a, b, c = (session_of(sent, BOOK) for sent in (one, two, three))
    assert later(later(a, b), c).order == later(a, later(b, c)).order


@given(events)
def test_a_silent_session_never_becomes_active(given_event: Event):
    session = session_of(given_event, BOOK)
    assert session.status != "active" or session.pause_at > NOW
