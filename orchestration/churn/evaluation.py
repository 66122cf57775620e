"""The figures: every model on the weeks that it has not seen, whole and by course, channel and new cohorts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from orchestration.churn import measures
from orchestration.churn.features import CHANNEL
from orchestration.churn.measures import Interval
from orchestration.churn.split import Split, of_new_cohorts

SLICE_POSITIVES = 20
"""A slice with fewer learners-weeks of either outcome has no figures: its intervals would span nearly everything."""


@dataclass(frozen=True)
class Figure:
    """One measure of one model on one part of the test weeks."""

    scope_kind: str
    scope: str
    model: str
    measure: str
    value: float
    low: float | None = None
    high: float | None = None


def evaluate(split: Split, scores: dict[str, np.ndarray], chosen: str, resamples: int, seed: int) -> list[Figure]:
    """Figures of every model; `chosen` is also held against the baseline, and measured in every slice."""
    labels = split.test["is_churned"].to_numpy(dtype=float)
    learners = split.test["learner_id"].to_numpy()
    everything = np.ones(len(labels), bool)
    figures = []
    for kind, scope, chosen_rows in [("all", "all", everything), *_slices(split)]:
        here = {name: values[chosen_rows] for name, values in scores.items()}
        own, who = labels[chosen_rows], learners[chosen_rows]
        rows = int(chosen_rows.sum())
        figures += [
            Figure(kind, scope, "", "rows", rows),
            Figure(kind, scope, "", "positives", own.sum()),
            Figure(kind, scope, "", "churned_ratio", own.mean() if rows else 0.0),
        ]
        if min(own.sum(), rows - own.sum()) < SLICE_POSITIVES:
            continue
        models = here if kind == "all" else {name: here[name] for name in (chosen, "baseline")}
        intervals = measures.bootstrap(who, _measures(own, models, chosen), resamples, seed)
        figures += [Figure(kind, scope, *name.split("."), *_rounded(intervals[name])) for name in intervals]
        if kind == "all":
            parts = measures.brier_parts(own, here[chosen])
            figures += [Figure(kind, scope, chosen, name, round(value, 6)) for name, value in parts.items()]
    return figures


def _slices(split: Split) -> Iterator[tuple[str, str, np.ndarray]]:
    for kind, column in (("course", "course_id"), ("channel", CHANNEL)):
        values = split.test[column].astype(str).to_numpy()
        for value in sorted(set(values)):
            yield kind, value, values == value
    yield "cohorts", "new", of_new_cohorts(split).to_numpy(dtype=bool)


def _measures(labels: np.ndarray, scores: dict[str, np.ndarray], chosen: str) -> dict[str, measures.Measure]:
    """`model.measure` → a function of weights."""
    known = {
        "auc_pr": measures.average_precision,
        "brier": measures.brier,
        "calibration_error": measures.calibration_error,
        "lift": measures.lift,
        "gap": measures.gap,
    }
    asked = {
        f"{model}.{name}": measure(labels, values)
        for model, values in scores.items()
        for name, measure in known.items()
    }
    own, plain = asked[f"{chosen}.auc_pr"], asked["baseline.auc_pr"]
    return asked | {f"{chosen}.auc_pr_gain": lambda weights: own(weights) - plain(weights)}


def _rounded(interval: Interval) -> tuple[float, float, float]:
    return tuple(round(value, 6) for value in (interval.value, interval.low, interval.high))
