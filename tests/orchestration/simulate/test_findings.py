"""Findings are met by marts that tell the truth, and missed, one by one, by marts that do not."""

from dataclasses import replace

import pytest

from orchestration.simulate.findings import compare
from orchestration.simulate.truth import Truth
from tests.orchestration.simulate.true_marts import Marts, asked, missed


def test_true_marts_meet_every_finding(marts: Marts, truth: Truth) -> None:
    assert missed(marts, truth) == []
    assert len(compare(asked(marts), truth)) == 38


@pytest.mark.parametrize(
    ("mart", "column"),
    [
        ("fct_learning_events", "events"), ("fct_learning_events", "learners"), ("fct_event_deliveries", "duplicates"),
        ("fct_sessions", "sessions"), ("fct_quarantined_lines", "lines"), ("agg_video_drop_off", "started"),
        ("agg_content_effectiveness", "completed_count"), ("agg_cohort_retention", "active_count"),
        ("agg_item_analysis", "judged_count"), ("agg_item_analysis", "correct_count"),
        ("agg_learner_segments", "crammers"), ("agg_learner_segments", "skimmers"), ("fct_attempts", "guessed"),
        ("fct_attempts", "guessers"), ("agg_transitions", "moves"),
    ],
)  # fmt: skip
def test_a_count_that_is_off_by_one_is_missed(marts: Marts, truth: Truth, mart: str, column: str) -> None:
    marts[mart][0][column] += 1
    assert len(missed(marts, truth)) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"video_id": "another"}, {"start_seconds": 300, "end_seconds": 304}, {"drop_off_ratio_low": 0.601}],
)
def test_a_hot_spot_elsewhere_or_of_another_size_is_missed(marts: Marts, truth: Truth, wrong: dict) -> None:
    marts["agg_video_hot_spots"][0] |= wrong
    assert [finding.question for finding in missed(marts, truth)] == [
        "Largest hot spot: 'How the course works' at 240 s"
    ]


def test_no_hot_spot_at_all_is_missed(marts: Marts, truth: Truth) -> None:
    marts["agg_video_hot_spots"] = []
    assert [finding.detail for finding in missed(marts, truth)] == ["no hot spot was found"]


def test_a_refusal_for_a_reason_that_was_not_planted_is_missed(marts: Marts, truth: Truth) -> None:
    marts["fct_quarantined_lines"].append({"reason": "too_long", "lines": 2})
    (finding,) = missed(marts, truth)
    assert finding.detail == "too_long: 2"


def test_a_mart_that_cannot_be_read_misses_its_own_findings_only(marts: Marts, truth: Truth) -> None:
    del marts["fct_sessions"]
    (finding,) = missed(marts, truth)
    assert finding.detail == "could not be measured: 'fct_sessions'"


def test_a_miss_among_few_learners_says_that_more_may_be_needed(marts: Marts, truth: Truth) -> None:
    marts["fct_sessions"][0]["sessions"] += 1
    (finding,) = (finding for finding in compare(asked(marts), truth) if not finding.is_met)
    assert finding.detail == "250 learners may be too few to tell: simulate 2,000 or more"


def test_quotes_in_an_identifier_stay_inside_the_literal(truth: Truth) -> None:
    asked_for: list[str] = []
    odd = replace(truth, leave_video=replace(truth.leave_video, video_id="it's \\ odd"))
    compare(lambda sql: asked_for.append(sql) or [], odd)
    assert any(sql.endswith("where video_id = 'it\\'s \\\\ odd'") for sql in asked_for)
