"""How good scores are: discrimination, calibration, lift, drift, and the uncertainty of each.

Intervals come from a bootstrap over learners, not over rows: the weeks of one learner are no independent witnesses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

BINS_MAX, ROWS_PER_BIN = 10, 150
LIFT_SHARE = 0.1


@dataclass(frozen=True)
class Interval:
    """A value with the 2.5 % and 97.5 % quantiles of its resamples."""

    value: float
    low: float
    high: float


Measure = Callable[[np.ndarray], float]
"""A measure of given labels and scores, as a function of the weight of each row: what can be sorted is sorted once."""


def average_precision(labels: np.ndarray, scores: np.ndarray) -> Measure:
    """Area under the precision-recall curve, ties taken together; NaN without a positive."""
    order = np.argsort(-scores, kind="stable")
    ordered, own = scores[order], labels[order]
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)

    def measure(weights: np.ndarray) -> float:
        counted = weights[order]
        hits, total = np.cumsum(counted * own)[ends], np.cumsum(counted)[ends]
        if hits[-1] == 0:
            return float("nan")
        precision = np.divide(hits, total, out=np.zeros(len(ends)), where=total > 0)
        return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])

    return measure


def brier(labels: np.ndarray, scores: np.ndarray) -> Measure:
    """Mean squared error of the probabilities."""
    errors = (scores - labels) ** 2
    return lambda weights: float(weights @ errors / weights.sum())


def gap(labels: np.ndarray, scores: np.ndarray) -> Measure:
    """Mean score less the share that churned: above 0 the scores alarm too much."""
    errors = scores - labels
    return lambda weights: float(weights @ errors / weights.sum())


def bins_of(scores: np.ndarray) -> np.ndarray:
    """Bin of each score: equal counts, ties together, as many bins as have ROWS_PER_BIN rows each (2 to 10)."""
    count = int(np.clip(len(scores) // ROWS_PER_BIN, 2, BINS_MAX))
    edges = np.quantile(scores, np.linspace(0, 1, count + 1)[1:-1])
    return np.searchsorted(np.unique(edges), scores, side="left")


def _by_bin(labels: np.ndarray, scores: np.ndarray, bins: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, ...]:
    size = np.bincount(bins, weights)
    kept = size > 0
    size = size[kept]
    rate = np.bincount(bins, weights * labels)[kept] / size
    mean = np.bincount(bins, weights * scores)[kept] / size
    return size / size.sum(), rate, mean


def calibration_error(labels: np.ndarray, scores: np.ndarray) -> Measure:
    """Mean distance of the score from the share that churned, over bins, weighted by their rows."""
    bins = bins_of(scores)

    def measure(weights: np.ndarray) -> float:
        share, rate, mean = _by_bin(labels, scores, bins, weights)
        return float((share * np.abs(rate - mean)).sum())

    return measure


def brier_parts(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Murphy's decomposition over bins: Brier = reliability − resolution + uncertainty (+ what is lost within bins)."""
    share, rate, mean = _by_bin(labels, scores, bins_of(scores), np.ones(len(scores)))
    base = labels.mean()
    return {
        "brier_reliability": float((share * (rate - mean) ** 2).sum()),
        "brier_resolution": float((share * (rate - base) ** 2).sum()),
        "brier_uncertainty": float(base * (1 - base)),
    }


def calibration_curve(labels: np.ndarray, scores: np.ndarray) -> list[tuple[float, float, float]]:
    """(mean score, share that churned, share of rows) of each bin."""
    share, rate, mean = _by_bin(labels, scores, bins_of(scores), np.ones(len(scores)))
    return list(zip(mean.tolist(), rate.tolist(), share.tolist(), strict=True))


def lift(labels: np.ndarray, scores: np.ndarray) -> Measure:
    """Share that churned among the tenth with the highest scores, over that of all; ties at the edge count in part."""
    values, place = np.unique(-scores, return_inverse=True)

    def measure(weights: np.ndarray) -> float:
        size, hits = np.bincount(place, weights), np.bincount(place, weights * labels)
        if hits.sum() == 0:
            return float("nan")
        taken = np.clip(LIFT_SHARE * weights.sum() - (np.cumsum(size) - size), 0, size)
        rates = np.divide(hits, size, out=np.zeros(len(values)), where=size > 0)
        return float((taken * rates).sum() / taken.sum() / (hits.sum() / weights.sum()))

    return measure


def stability_index(reference: np.ndarray, newest: np.ndarray, bins: int = BINS_MAX) -> float:
    """Population stability index of the newest scores against those of the reference, over its deciles."""
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1]))
    shares = [
        (np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) + 0.5) / (len(values) + 0.5 * bins)
        for values in (reference, newest)
    ]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def bootstrap(learners: np.ndarray, measures: Mapping[str, Measure], resamples: int, seed: int) -> dict[str, Interval]:
    """Each measure (a function of row weights) with its 95 % interval over resampled learners."""
    _, place = np.unique(learners, return_inverse=True)
    count = int(place.max()) + 1
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(resamples):
        weights = np.bincount(rng.integers(0, count, count), minlength=count).astype(float)[place]
        for name, measure in measures.items():
            drawn[name].append(measure(weights))
    whole = np.ones(len(learners))
    return {name: _interval(measure(whole), drawn[name]) for name, measure in measures.items()}


def _interval(value: float, drawn: list[float]) -> Interval:
    known = [draw for draw in drawn if not np.isnan(draw)]
    if not known:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(known, [0.025, 0.975]).tolist()
    return Interval(value, low, high)
