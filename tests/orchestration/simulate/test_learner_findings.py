"""Findings about retention, churn and contacts are missed by marts that are wrong about them."""

import pytest

from orchestration.simulate.retention_findings import binomial_upper_tail
from orchestration.simulate.truth import Truth
from tests.orchestration.simulate.true_marts import Marts, missed


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


def test_the_binomial_tail_is_exact() -> None:
    assert binomial_upper_tail(0, 10, 0.05) == 1.0
    assert binomial_upper_tail(10, 10, 0.5) == pytest.approx(0.5**10)
    assert binomial_upper_tail(2, 3, 0.5) == pytest.approx(0.5)


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
