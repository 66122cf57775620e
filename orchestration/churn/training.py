"""One training run from the training set to scores, or to a refusal with its reason. Touches no warehouse."""

import hashlib
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from orchestration.churn.evaluation import Figure, evaluate
from orchestration.churn.features import KEY, NAMES
from orchestration.churn.gates import Gate, enough, enough_learners, gates_of, known_outcomes
from orchestration.churn.limits import Limits
from orchestration.churn.measures import calibration_curve, stability_index
from orchestration.churn.model import KINDS, fit
from orchestration.churn.reasons import top_reasons
from orchestration.churn.split import Split, labelled, newest, split_by_time

PUBLISHED, NOT_PUBLISHED = "published", "not_published"


@dataclass
class Run:
    """What a training run found. `scores` has a row for each learner to score, without a score where it is refused."""

    model_version: str
    as_of_at: pd.Timestamp | None
    scores: pd.DataFrame
    gates: list[Gate] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    chosen: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    curve: list[tuple[float, float, float]] = field(default_factory=list)
    tested_since: pd.Timestamp | None = None
    horizon_days: int = 0

    @property
    def is_published(self) -> bool:
        return bool(self.gates) and all(gate.holds for gate in self.gates if not gate.course_id)

    @property
    def reason(self) -> str:
        """Why nothing is published; empty when something is."""
        return "; ".join(gate.reason for gate in self.gates if not gate.holds and not gate.course_id)


def train_and_score(rows: pd.DataFrame, limits: Limits, last_monday: pd.Timestamp | None = None) -> Run:
    """Fits, measures, judges and scores. `rows` are those of marts.agg_churn_training; the order does not matter.

    `last_monday` is the week that a refusal speaks of when there are no rows.
    """
    import sklearn.ensemble  # noqa: F401  only libraries that are loaded are limited

    # One thread: the trees are small, and threads that wait for each other on a busy machine took 40 times as long.
    with threadpool_limits(1):
        return _train_and_score(rows, limits, last_monday)


def _train_and_score(rows: pd.DataFrame, limits: Limits, last_monday: pd.Timestamp | None) -> Run:
    rows = rows.sort_values(KEY, kind="stable").reset_index(drop=True)
    known, to_score = labelled(rows), newest(rows)
    split = split_by_time(known, limits.test_ratio)
    run = Run(
        _version(rows, limits),
        rows["as_of_at"].max() if len(rows) else last_monday,
        to_score[KEY].assign(
            score=np.nan, status=NOT_PUBLISHED, reason="", top_reasons=[[] for _ in range(len(to_score))]
        ),
        counts={
            "labelled": len(known),
            "training": len(split.training),
            "test": len(split.test),
            "scored": len(to_score),
        },
        tested_since=split.tested_since,
        horizon_days=int((rows["horizon_at"] - rows["as_of_at"]).max().days) if len(rows) else 0,
    )
    run.gates = _gates_on_rows(rows, split, limits)
    if run.is_published:
        _measure(run, split, known, to_score, limits)
    _publish(run, known, limits)
    return run


def _measure(run: Run, split: Split, known: pd.DataFrame, to_score: pd.DataFrame, limits: Limits) -> None:
    """Figures on the test weeks; then the model is fitted again on all weeks, and scores the newest."""
    models = {kind: fit(kind, split.training, limits.seed) for kind in KINDS}
    run.chosen = min(("boosting", "logistic"), key=lambda kind: models[kind].held_out_loss)
    scores = {kind: model.scores(split.test) for kind, model in models.items()}
    run.figures = evaluate(split, scores, run.chosen, limits.resamples, limits.seed)
    run.curve = calibration_curve(split.test["is_churned"].to_numpy(dtype=float), scores[run.chosen])
    drift = stability_index(scores[run.chosen], models[run.chosen].scores(to_score)) if len(to_score) else 0.0
    run.figures.append(Figure("all", "all", run.chosen, "stability_index", round(drift, 6)))
    run.gates += gates_of(run.figures, run.chosen, drift, limits)
    if run.is_published and len(to_score):
        final = fit(run.chosen, known, limits.seed)
        run.scores["score"] = final.scores(to_score)
        run.scores["top_reasons"] = top_reasons(final, to_score, known)


def _publish(run: Run, known: pd.DataFrame, limits: Limits) -> None:
    """The gates of each course, and what may be read."""
    courses = run.scores["course_id"].astype(str)
    for course_id in sorted(courses.unique()):
        here = known[known["course_id"].astype(str) == course_id]
        gate = enough("enough_in_the_course", *_outcomes(here), limits.course_positives_min, course_id)
        run.gates += [] if gate.holds else [gate]
    refused = {gate.course_id: gate.reason for gate in reversed(run.gates) if gate.course_id and not gate.holds}
    run.scores["reason"] = [refused.get(course, "") for course in courses] if run.is_published else run.reason
    is_open = run.scores["reason"] == ""
    run.scores["status"] = np.where(is_open, PUBLISHED, NOT_PUBLISHED)
    run.scores.loc[~is_open, "score"] = np.nan
    run.scores.loc[~is_open, "top_reasons"] = pd.Series([[]] * len(run.scores), index=run.scores.index)


def _gates_on_rows(rows: pd.DataFrame, split: Split, limits: Limits) -> list[Gate]:
    """What the rows must hold before anything is fitted; without a label there is nothing else to say."""
    known = known_outcomes(rows["label_reason"].astype(str).value_counts().to_dict())
    if not known.holds:
        return [known]
    sides = split.training.groupby(split.training["is_churned"].astype(bool))["learner_id"].nunique()
    return [
        known,
        *(
            enough(f"enough_to_{use}", *_outcomes(part), limits.positives_min)
            for use, part in (("learn_from", split.training), ("judge_by", split.test))
        ),
        enough_learners(int(sides.get(True, 0)), int(sides.get(False, 0)), limits.learners_min),
    ]


def _outcomes(rows: pd.DataFrame) -> tuple[int, int]:
    positives = int(rows["is_churned"].astype(bool).sum()) if len(rows) else 0
    return positives, len(rows) - positives


def _version(rows: pd.DataFrame, limits: Limits) -> str:
    """A name that says what the model was made of: the same rows, limits and library give the same."""
    content = hashlib.sha256(repr((limits, version("scikit-learn"), NAMES)).encode())
    content.update(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
    return content.hexdigest()[:12]
