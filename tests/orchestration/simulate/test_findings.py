"""Findings are met by marts that tell the truth, and missed, one by one, by marts that do not."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from orchestration.simulate.finding import PlantedFinding
from orchestration.simulate.findings import compare
from orchestration.simulate.plants import CHANNELS
from orchestration.simulate.retention_findings import binomial_upper_tail
from orchestration.simulate.truth import ItemTruth, RecutTruth, RetentionCell, Truth

Marts = dict[str, list[dict]]


def interval(successes: float, trials: int) -> tuple[float, float]:
    reach = 1.96 * math.sqrt(max(successes * (trials - successes), 1) / trials**3)
    return successes / trials - reach, successes / trials + reach


def content_row(truth: Truth, index: int) -> dict:
    module = truth.modules[index]
    verdicts = {"hard_module": "hard", "losing_module": "losing", "dense_module": "dense", "rushed_module": "thin"}
    low, high = interval(module.completed_count, module.reached_count)
    return {
        "unit_id": module.module_id, "reached_count": module.reached_count, "completed_count": module.completed_count,
        "completion_ratio": module.completed_count / module.reached_count, "completion_ratio_low": low,
        "completion_ratio_high": high, "completion_ratio_standardised": 0.7, "completion_ratio_standardised_low": 0.65,
        "completion_ratio_standardised_high": 0.75, "support_ratio": 1.0, "median_time_ratio": 1.0,
        "verdict": verdicts.get(module.plant, "working"),
    }  # fmt: skip


def gap_row(item: ItemTruth) -> dict:
    difference = item.planted_difference
    return {
        "item_id": item.item_id, "unit_id": item.unit_id, "item_title": item.title, "unit_title": "A video",
        "risk_difference": difference + 0.01, "risk_difference_low": difference - 0.05,
        "risk_difference_high": difference + 0.07, "covered_count": 60, "uncovered_count": 40,
        "verdict": "teaches" if difference else "does_not_teach", "verdict_reason": "",
    }  # fmt: skip


def item_row(item: ItemTruth) -> dict:
    return {
        "item_id": item.item_id, "judged_count": item.covered_count + item.uncovered_count,
        "correct_count": item.covered_correct_count + item.uncovered_correct_count,
    }  # fmt: skip


def retention_row(cell: RetentionCell, is_censored: bool) -> dict:
    low, high = interval(cell.planted_ratio * cell.cohort_size, cell.cohort_size)
    return {
        "cohort_basis": cell.cohort_basis, "week": cell.cohort_week, "acquisition_channel": cell.channel,
        "age_weeks": cell.age_weeks, "definition": cell.definition, "cohort_size": cell.cohort_size,
        "active_count": None if is_censored else cell.active_count,
        "retention_ratio": None if is_censored else cell.planted_ratio,
        "retention_ratio_low": low, "retention_ratio_high": high, "is_censored": is_censored,
    }  # fmt: skip


def change_row(recut: RecutTruth) -> dict:
    difference = recut.planted_difference
    return {
        "activity_id": recut.video_id, "before_count": 500, "after_count": 300, "before_value": recut.planted_before,
        "after_value": recut.planted_after, "difference": difference + 0.01, "difference_low": difference - 0.04,
        "difference_high": difference + 0.06, "standardised_over": "channel",
        "verdict": "improved" if difference else "no_difference_seen", "verdict_reason": "",
    }  # fmt: skip


CHURN_FIGURES = (
    ("logistic", "auc_pr", 0.6, 0.55, 0.65), ("baseline", "auc_pr", 0.4, 0.35, 0.45),
    ("logistic", "auc_pr_gain", 0.2, 0.15, 0.25), ("logistic", "calibration_error", 0.02, 0.01, 0.04),
)  # fmt: skip


def churn_row(model: str, measure: str, value: float, low: float, high: float) -> dict:
    return {"model": model, "measure": measure, "value": value, "value_low": low, "value_high": high}


def learner_weeks(truth: Truth) -> list[dict]:
    """Learner-weeks of two kinds of equal numbers, 100 each, that leave as planted: the ceiling is near 0.6."""
    rows = []
    for channel, community in (("paid_social", 0), ("partner", 1)):
        place = [known.name for known in CHANNELS].index(channel)
        count = round(100 * truth.leaving[place][community][2][1])
        rows += [
            {"acquisition_channel": channel, "age_weeks": 2, "is_in_community": bool(community), "came_last_week": True,
             "has_churned": number < count}
            for number in range(100)
        ]  # fmt: skip
    return rows


def uplift_row(truth: Truth) -> dict:
    campaign = truth.side.campaign
    return {
        "listed_count": campaign.contacted_count, "contacted_count": campaign.contacted_count,
        "held_out_count": campaign.held_out_count, "held_out_contacted_count": 0, "uplift_ratio": 0.2,
        "uplift_ratio_low": 0.1, "uplift_ratio_high": 0.3,
    }  # fmt: skip


@pytest.fixture
def marts(truth: Truth) -> Marts:
    """What the marts would answer if they were right."""
    counts, leave = truth.counts, truth.leave_video
    refused = counts.rejected | counts.quarantined
    content = [content_row(truth, index) for index in range(len(truth.modules))]
    for row in content:
        if row["unit_id"] == truth.equal_modules.second_module_id:
            row |= {"completion_ratio_low": 0.9, "completion_ratio_high": 0.95}
    return {
        "fct_learning_events": [
            {"events": counts.events, "learners": counts.learners_active, "assumed_utc": counts.assumed_utc}
        ],
        "fct_event_deliveries": [{"duplicates": counts.duplicates}],
        "fct_sessions": [{"sessions": counts.sessions}],
        "fct_quarantined_lines": [{"reason": reason, "lines": lines} for reason, lines in refused.items()],
        "agg_video_hot_spots": [
            {
                "video_id": leave.video_id, "title": leave.title, "start_seconds": 238, "end_seconds": 242,
                "drop_off_ratio": 0.61, "drop_off_ratio_low": 0.57, "drop_off_ratio_high": 0.65,
                "excess_learners_lost": 600.0,
            }
        ],
        "agg_video_drop_off": [{"started": leave.started_count}],
        "fct_video_views": [{"watched": leave.watched_seconds}],
        "agg_content_effectiveness": content,
        "agg_item_analysis": [item_row(item) for item in truth.items],
        "agg_instructional_gaps": [gap_row(item) for item in truth.items],
        "agg_content_changes": [change_row(recut) for recut in truth.recuts],
        "agg_cohort_retention": [
            retention_row(cell, is_censored=cell.cohort_week == "2025-09-08" and cell.age_weeks == 5)
            for cell in truth.retention
        ],
        "fct_churn_runs": [{"status": "published", "reason": "", "model": "logistic", "tested_since_at": "2025-10-06"}],
        "fct_churn_figures": [churn_row(*row) for row in CHURN_FIGURES],
        "agg_churn_training": learner_weeks(truth),
        "fct_churn_scores": [{"status": "not_published", "status_reason": "3 learner-weeks churned", "learners": 4}],
        "agg_intervention_uplift": [uplift_row(truth)],
        "agg_learner_segments": [{"learners": 80, "crammers": 20, "skimmers": 20}],
        "fct_attempts": [{
            "answered": truth.side.habits.answer_count, "guessed": truth.side.habits.guess_count, "guessers": 20,
        }],
        "agg_transitions": [{"step": name, "moves": count} for name, count in truth.side.habits.steps.items()],
    }  # fmt: skip


def asked(marts: Marts) -> Callable[[str], list[dict]]:
    """The marts as something that answers the questions put to them."""

    def query(sql: str) -> list[dict]:
        return marts[sql.split("from marts.")[1].split(maxsplit=1)[0]]

    return query


def missed(marts: Marts, truth: Truth) -> list[PlantedFinding]:
    """The findings that a truth of a good size and these marts leave unmet."""
    return [finding for finding in compare(asked(marts), replace(truth, learners=5_000)) if not finding.is_met]


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


def test_equal_modules_that_stay_apart_after_standardisation_are_missed(marts: Marts, truth: Truth) -> None:
    for row in marts["agg_content_effectiveness"]:
        if row["unit_id"] == truth.equal_modules.second_module_id:
            row |= {
                f"completion_ratio_standardised{end}": value
                for end, value in (("", 0.9), ("_low", 0.85), ("_high", 0.95))
            }
    (finding,) = missed(marts, truth)
    assert finding.high < 0


def test_a_standardised_ratio_that_is_null_is_missed_with_the_reason(marts: Marts, truth: Truth) -> None:
    for row in marts["agg_content_effectiveness"]:
        row |= {"completion_ratio_standardised": None, "comparable_reason": "low_support"}
    (finding,) = missed(marts, truth)
    assert finding.detail == "could not be measured: completion_ratio_standardised is NULL: low_support"


def test_a_wrong_verdict_and_a_false_accusation_are_missed(marts: Marts, truth: Truth) -> None:
    hard, first = truth.module("hard_module").module_id, truth.modules[0].module_id
    for row in marts["agg_content_effectiveness"]:
        row["verdict"] = {hard: "working", first: "losing"}.get(row["unit_id"], row["verdict"])
    questions = [finding.question for finding in missed(marts, truth)]
    assert questions == ["Verdict on 'Estimating effort'", "Other modules accused of something"]


def test_a_difference_outside_its_interval_is_missed(marts: Marts, truth: Truth) -> None:
    marts["agg_instructional_gaps"][0]["risk_difference_low"] = truth.items[0].planted_difference + 0.005
    assert [finding.question for finding in missed(marts, truth)] == [
        f"What covering its video first is worth for '{truth.items[0].title}'"
    ]


@pytest.mark.parametrize(("taught", "untaught"), [("does_not_teach",) * 2, ("teaches", "not_comparable")])
def test_a_taught_item_accused_or_the_untaught_one_let_go_is_missed(
    marts: Marts, truth: Truth, taught: str, untaught: str
) -> None:
    for row, verdict in zip(marts["agg_instructional_gaps"], (taught, untaught), strict=True):
        row["verdict"] = verdict
    assert [finding.question for finding in missed(marts, truth)] == [
        "The item that its unit does not teach, and no other"
    ]


def test_a_difference_that_is_null_is_missed_with_the_reason(marts: Marts, truth: Truth) -> None:
    marts["agg_instructional_gaps"][0] |= {"risk_difference": None, "verdict_reason": "few_uncovered"}
    (finding,) = missed(marts, truth)
    assert finding.detail == "not told: few_uncovered"


def test_an_item_without_its_unit_is_missed(marts: Marts, truth: Truth) -> None:
    del marts["agg_instructional_gaps"][0]
    (finding,) = missed(marts, truth)
    assert finding.detail == "its unit is not held against it"


@pytest.mark.parametrize("wrong", [{"verdict": "too_early"}, {"difference_high": -0.4}])
def test_a_fix_that_worked_is_missed_by_another_verdict_or_another_size(
    marts: Marts, truth: Truth, wrong: dict
) -> None:
    marts["agg_content_changes"][0] |= wrong
    assert [finding.question for finding in missed(marts, truth)] == [
        "Did the new cut of 'Averages: in practice' work: improved"
    ]


def test_praise_for_a_fix_that_changed_nothing_is_missed(marts: Marts, truth: Truth) -> None:
    marts["agg_content_changes"][1] |= {"verdict": "improved"}
    assert [finding.question for finding in missed(marts, truth)] == [
        "Did the new cut of 'First project: in practice' work: no difference seen"
    ]


def test_a_change_that_is_not_compared_is_missed_with_the_reason(marts: Marts, truth: Truth) -> None:
    del marts["agg_content_changes"][1]
    marts["agg_content_changes"][0] |= {"difference_low": None, "verdict_reason": "suppressed"}
    assert [finding.detail for finding in missed(marts, truth)] == [
        "could not be measured: difference_low is NULL: suppressed"
    ]
    marts["agg_content_changes"] = []
    assert {finding.detail for finding in missed(marts, truth)} == {"the change is not in the mart"}


def test_retention_that_is_systematically_off_is_missed(marts: Marts, truth: Truth) -> None:
    for row in marts["agg_cohort_retention"]:
        if row["definition"] == "bounded":
            row["retention_ratio_low"] = row["retention_ratio_high"]
            row["retention_ratio_high"] += 0.1
    questions = [finding.question for finding in missed(marts, truth)]
    assert questions == [
        "Planted bounded retention since first activity: cells inside",
        "Planted bounded retention since enrolment: cells inside",
    ]


def test_a_few_cells_outside_their_intervals_are_what_95_percent_means(marts: Marts, truth: Truth) -> None:
    for row in [row for row in marts["agg_cohort_retention"] if row["age_weeks"] == 1][:2]:
        row["retention_ratio_low"] = row["retention_ratio_high"]
    assert missed(marts, truth) == []


def test_no_retention_cell_at_all_is_missed(marts: Marts, truth: Truth) -> None:
    marts["agg_cohort_retention"] = []
    assert {finding.measured for finding in missed(marts, truth)} == {0}


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


@pytest.mark.parametrize(
    ("change", "question"),
    [
        ({"listed_count": 0}, "Learners written to, and left alone by chance"),
        ({"uplift_ratio_low": -0.01}, "What writing to learners of 'Weekly practice' is worth: share kept"),
        ({"uplift_ratio_high": 0.15}, "What writing to learners of 'Weekly practice' is worth: share kept"),
    ],
)
def test_contacts_that_are_lost_or_worth_something_else_are_missed(
    marts: Marts, truth: Truth, change: dict, question: str
) -> None:
    marts["agg_intervention_uplift"][0] |= change
    assert [finding.question for finding in missed(marts, truth)] == [question]


def test_scores_for_a_thin_course_are_missed(marts: Marts, truth: Truth) -> None:
    marts["fct_churn_scores"][0] |= {"status": "published", "status_reason": ""}
    assert [finding.measured for finding in missed(marts, truth)] == ["published"]


def test_the_binomial_tail_is_exact() -> None:
    assert binomial_upper_tail(0, 10, 0.05) == 1.0
    assert binomial_upper_tail(10, 10, 0.5) == pytest.approx(0.5**10)
    assert binomial_upper_tail(2, 3, 0.5) == pytest.approx(0.5)


@pytest.mark.parametrize("change", [("auc_pr", {"value": 0.1}), ("auc_pr_gain", {"value_low": -0.01})])
def test_scores_far_from_the_ceiling_or_no_better_than_days_are_missed(marts: Marts, truth: Truth, change) -> None:
    row = next(row for row in marts["fct_churn_figures"] if (row["model"], row["measure"]) == ("logistic", change[0]))
    row |= change[1]
    missed_one = [finding.question for finding in missed(marts, truth)]
    assert missed_one == ["Churn scores: AUC-PR against the best possible"]


def test_a_refusal_is_met_where_there_is_too_little_and_missed_where_there_is_enough(
    marts: Marts, truth: Truth
) -> None:
    marts["fct_churn_runs"][0] |= {"status": "not_published", "reason": "3 learner-weeks churned", "model": ""}
    assert [finding.measured for finding in missed(marts, truth)] == ["not_published"]
    marts["agg_churn_training"] = marts["agg_churn_training"][:20]
    assert missed(marts, truth) == []
