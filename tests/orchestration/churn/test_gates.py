"""What is refused, and the words for it."""

import pytest

from orchestration.churn.evaluation import Figure
from orchestration.churn.gates import enough, enough_learners, gates_of, known_outcomes
from orchestration.churn.limits import Limits, limits, read_limits
from orchestration.settings import PROJECT_ROOT

LIMITS = Limits(1, 0.25, 200, 50, 20, 20, 0.05, 0.2, 0.1)


def figures(gain_low: float = 0.01, error: float = 0.02, **slice_figure: tuple[str, str, float, float]) -> list[Figure]:
    overall = [
        Figure("all", "all", "logistic", "auc_pr", 0.6, 0.5, 0.7),
        Figure("all", "all", "logistic", "auc_pr_gain", 0.1, gain_low, 0.2),
        Figure("all", "all", "logistic", "calibration_error", error, 0.01, 0.06),
    ]
    return overall + [
        Figure(kind, scope, "logistic", measure, (low + high) / 2, low, high)
        for measure, (kind, scope, low, high) in slice_figure.items()
    ]


def failed(measured: list[Figure], drift: float = 0.1) -> list[tuple[str, str]]:
    return [(gate.name, gate.course_id) for gate in gates_of(measured, "logistic", drift, LIMITS) if not gate.holds]


def test_a_good_model_passes():
    assert failed(figures()) == []


@pytest.mark.parametrize(
    ("measured", "drift", "name"),
    [
        (figures(gain_low=-0.001), 0.1, "beats_the_baseline"),
        (figures(error=0.051), 0.1, "is_calibrated"),
        (figures(), 0.21, "has_not_drifted"),
    ],
)
def test_each_gate_refuses_by_itself(measured: list[Figure], drift: float, name: str):
    assert failed(measured, drift) == [(name, "")]


def test_a_course_that_is_surely_off_is_refused_alone_and_a_channel_refuses_all():
    assert failed(figures(gap=("course", "c", 0.11, 0.3))) == [("no_slice_is_far_worse", "c")]
    assert failed(figures(gap=("channel", "paid", -0.3, -0.11))) == [("no_slice_is_far_worse", "")]
    assert failed(figures(gap=("channel", "paid", 0.05, 0.3))) == []
    assert failed(figures(auc_pr_gain=("course", "c", -0.3, -0.01))) == [("no_slice_is_far_worse", "c")]


def test_too_few_of_either_outcome_are_not_enough():
    assert enough("x", 50, 50, 50).holds
    assert not enough("x", 49, 500, 50).holds
    assert "49 learner-weeks churned" in enough("x", 49, 500, 50).reason
    assert not enough("x", 500, 49, 50).holds


def test_limits_come_from_the_project_and_a_missing_one_is_named():
    text = (PROJECT_ROOT / "dbt_project.yml").read_text()
    assert limits().calibration_error_max == 0.05
    with pytest.raises(ValueError, match="drift_max"):
        read_limits(text.replace("churn_model_drift_max", "churn_other_drift_max"))


def test_unknown_outcomes_are_told_by_why_they_are_unknown():
    assert known_outcomes({"": 3, "censored": 5}).holds
    refused = known_outcomes({"censored": 1_205, "course_ended": 4})
    assert not refused.holds
    assert (
        "of 1,209 learner-weeks, 1,205 reach beyond the data, 4 reach beyond the end of their course" in refused.reason
    )


def test_many_weeks_of_few_learners_are_not_enough():
    assert enough_learners(20, 30, 20).holds
    assert not enough_learners(19, 300, 20).holds
