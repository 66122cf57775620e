"""Stream and lake are held against each other: what differs is named, what came late is no difference."""

from datetime import UTC, date, datetime

import pytest

from orchestration.checks.realtime import agreement, consumed
from orchestration.checks.realtime_parity import ACTIONS_KEY, asks_for_action, compare
from orchestration.realtime.catalogue import Item
from orchestration.realtime.report import pseudonym
from orchestration.realtime.rule_book import Choices, CourseRules, RemediationRule, RuleBook, UnlockRule

CHOICES = Choices(
    CourseRules(), {"closed": CourseRules(UnlockRule(False), RemediationRule(score_below=0.9)), "off": CourseRules()}
)
RULES = RuleBook(
    [Item("c", "c", "course", mastery_score=0.7), Item("c", "hard", "assessment", mastery_score=0.4)], CHOICES
).as_document()
DAY = "2026-01-05"


def trigger(kind: str, about: str, day: str = DAY, learner: str = "anna", statement: str = "s1", **parts) -> dict:
    row = {
        "kind": kind,
        "learner_id": learner,
        "course_id": "c",
        "activity_id": about,
        "statement_id": statement,
        "is_correct": None,
        "score_scaled": None,
        "day": date.fromisoformat(day),
    }
    return row | parts


def action(kind: str, about: str, learner: str = "anna", statement: str = "s1", because: str = "") -> dict:
    return {
        "kind": kind,
        "learner_id": learner,
        "course_id": "c",
        "activity_id": about,
        "statement_id": statement,
        "suppressed_because": because,
    }


def document(*actions: dict) -> dict:
    return {"day": DAY, "sources": ["stream"], "rules": RULES, "actions": list(actions)}


def test_both_sides_agree_also_on_what_was_too_late_to_be_sent():
    comparison = compare(
        document(action("unlock", "m2"), action("remediate", "quiz", statement="s2", because="late")),
        [trigger("unlock", "m2"), trigger("remediate", "quiz", statement="s2", score_scaled=0.1)],
    )
    assert comparison.agrees
    assert (comparison.lake_count, comparison.stream_count, comparison.late_count) == (2, 2, 1)


def test_each_side_s_own_are_named():
    comparison = compare(document(action("unlock", "m2")), [trigger("unlock", "m3")])
    assert comparison.only_in_lake == [("unlock", "anna", "m3", "")]
    assert comparison.only_in_stream == [("unlock", "anna", "m2", "")]


def test_a_module_completed_again_opens_nothing_on_either_side():
    earlier = trigger("unlock", "m2", day="2026-01-03")
    assert compare(document(), [earlier, trigger("unlock", "m2", statement="s9")]).agrees
    assert compare(document(action("unlock", "m2")), [earlier]).agrees


@pytest.mark.parametrize(
    ("parts", "is_asked"),
    [
        ({"kind": "unlock"}, True),
        ({"kind": "unlock", "course_id": "closed"}, False),
        ({"kind": "remediate", "score_scaled": 0.69}, True),
        ({"kind": "remediate", "score_scaled": 0.7}, False),
        ({"kind": "remediate", "score_scaled": 0.5, "activity_id": "hard"}, False),
        ({"kind": "remediate", "score_scaled": 0.8, "course_id": "closed"}, True),
        ({"kind": "remediate", "is_correct": False}, True),
        ({"kind": "remediate"}, False),
    ],
)
def test_the_lake_is_judged_by_the_rules_that_the_stream_followed(parts: dict, is_asked: bool):
    row = trigger("unlock", "quiz") | parts
    assert asks_for_action(row, RULES) is is_asked


class EmptyLake:
    def head_object(self, key: str) -> None:
        assert key == ACTIONS_KEY.format(day=DAY)


def test_without_a_real_time_path_both_checks_hold():

    assert consumed(None, datetime.now(UTC))[0]
    assert agreement(None, EmptyLake(), date.fromisoformat(DAY))[0]


@pytest.mark.parametrize(("minute", "lag", "holds"), [(5, 0, True), (11, 0, False), (5, 100_001, False)])
def test_a_path_that_is_silent_or_behind_is_told(minute: int, lag: int, holds: bool):

    status = {
        "written_at": "2026-01-05T12:00:00+00:00",
        "total_lag": lag,
        "undelivered_count": 0,
        "last_action_at": None,
    }
    assert consumed(status, datetime.fromisoformat(f"2026-01-05T12:{minute:02d}:00+00:00"))[0] is holds


def test_the_pseudonym_is_the_warehouse_s():
    """HMAC-SHA256 of the identity, its first 128 bits: RFC 4231, test case 2."""
    assert pseudonym("what do ya want for nothing?", "Jefe") == "5bdcc146bf60754e6a042426089575c7"
