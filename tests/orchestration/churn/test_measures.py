"""The measures against values worked out by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss

from orchestration.churn import measures

LABELS = np.array([1.0, 0, 1, 0])
SCORES = np.array([0.9, 0.8, 0.4, 0.1])
ONES = np.ones(4)


def test_average_precision_is_that_of_scikit_learn_ties_and_weights_included():
    rng = np.random.default_rng(1)
    labels, scores = (rng.random(500) < 0.3).astype(float), np.round(rng.random(500), 1)
    weights = rng.integers(0, 4, 500).astype(float)
    expected = average_precision_score(labels, scores, sample_weight=weights)
    assert measures.average_precision(labels, scores)(weights) == pytest.approx(expected)


def test_average_precision_by_hand():
    assert measures.average_precision(LABELS, SCORES)(ONES) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert np.isnan(measures.average_precision(np.zeros(4), SCORES)(ONES))


def test_brier_and_its_parts_add_up_where_a_bin_has_one_score():
    labels = np.array([1.0] * 30 + [0.0] * 70 + [1.0] * 80 + [0.0] * 20)
    scores = np.array([0.2] * 100 + [0.7] * 100)
    parts = measures.brier_parts(labels, scores)
    whole = measures.brier(labels, scores)(np.ones(200))
    assert whole == pytest.approx(brier_score_loss(labels, scores))
    assert whole == pytest.approx(parts["brier_reliability"] - parts["brier_resolution"] + parts["brier_uncertainty"])
    assert measures.calibration_error(labels, scores)(np.ones(200)) == pytest.approx(0.1)


def test_lift_counts_ties_at_the_edge_in_part():
    labels = np.array([1.0] * 5 + [0.0] * 15)
    assert measures.lift(labels, np.linspace(1, 0, 20))(np.ones(20)) == pytest.approx(4)
    assert measures.lift(labels, np.zeros(20))(np.ones(20)) == pytest.approx(1)


def test_the_stability_index_is_none_for_the_same_scores_and_large_for_others():
    rng = np.random.default_rng(1)
    scores = rng.random(2000)
    assert measures.stability_index(scores, rng.random(2000)) < 0.02
    assert measures.stability_index(scores, scores**3) > 0.2


def test_intervals_are_of_learners_not_of_rows():
    """Ten rows of each learner say no more than one: the interval must not shrink."""
    rng = np.random.default_rng(1)
    labels, learners = (rng.random(100) < 0.4).astype(float), np.arange(100)
    once = measures.bootstrap(learners, {"gap": measures.gap(labels, np.full(100, 0.4))}, 400, 1)["gap"]
    rows = np.repeat(labels, 10)
    often = measures.bootstrap(np.repeat(learners, 10), {"gap": measures.gap(rows, np.full(1000, 0.4))}, 400, 1)["gap"]
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.05)
    assert once.low <= once.value <= once.high
