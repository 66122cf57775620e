"""The churn scores against the best that anybody could say: the probabilities that leaving was drawn with."""

from collections.abc import Iterator

import numpy as np

from orchestration.simulate.finding import PlantedFinding, Query, Row, number
from orchestration.simulate.plants import CHANNELS
from orchestration.simulate.truth import Truth

CLOSE_TO_CEILING = 0.9
"""The share of the ceiling that a good model reaches: what is left is chance in the weeks that taught it."""
FEWEST_OUTCOMES = 50
"""Learner-weeks of either outcome in the test weeks below which the model must refuse to speak."""
RUN = """
select status, reason, model, tested_since_at from marts.fct_churn_runs order by as_of_at desc limit 1
"""
FIGURES = """
select model, measure, value, value_low, value_high from marts.fct_churn_figures
where scope_kind = 'all' and as_of_at = (select max(as_of_at) from marts.fct_churn_runs)
"""
TEST_WEEKS = """
select acquisition_channel, intDiv(dateDiff('day', start_week_date, toDate(as_of_at)), 7) as age_weeks,
    first_week_community_count > 0 as is_in_community, recent_active_day_count > 0 as came_last_week,
    assumeNotNull(is_churned) as has_churned
from marts.agg_churn_training
where isNotNull(is_churned) and as_of_at >= (
    select max(tested_since_at) from marts.fct_churn_runs
    where as_of_at = (select max(as_of_at) from marts.fct_churn_runs)
)
order by as_of_at, course_id, learner_id
"""


def churn_findings(query: Query, truth: Truth) -> Iterator[PlantedFinding]:
    """Model, baseline and ceiling; or a refusal, where there is too little to learn from."""
    runs = query(RUN)
    if not runs:
        yield PlantedFinding("Churn scores", "a run", None, None, None, False, "no model was trained")
        return
    [run] = runs
    rows = query(TEST_WEEKS) if run["tested_since_at"] is not None else []
    labels = np.array([bool(row["has_churned"]) for row in rows], float)
    if not run["model"]:
        is_thin = min(labels.sum(), len(labels) - labels.sum()) < FEWEST_OUTCOMES or not rows
        expected = "not_published" if is_thin or truth.days < 42 else "published"
        question = "Churn scores: refused where there is too little to learn from"
        yield PlantedFinding(question, expected, run["status"], None, None, expected == run["status"], run["reason"])
        return
    figures = {(row["model"], row["measure"]): row for row in query(FIGURES)}
    ceiling = round(average_precision(labels, planted(rows, truth)), 4)
    yield from _judged(run, figures, ceiling)


def _judged(run: Row, figures: dict[tuple[str, str], Row], ceiling: float) -> Iterator[PlantedFinding]:
    model = run["model"]
    chosen, plain, gain = (figures[key] for key in ((model, "auc_pr"), ("baseline", "auc_pr"), (model, "auc_pr_gain")))
    value, low, high = (number(chosen, name) for name in ("value", "value_low", "value_high"))
    detail = (
        f"{model}; days since the last activity alone: {number(plain, 'value'):.3f}; gain "
        f"{number(gain, 'value_low'):+.3f} to {number(gain, 'value_high'):+.3f}; planted is the best possible score"
    )
    is_close = value >= CLOSE_TO_CEILING * ceiling and number(gain, "value_low") > 0
    yield PlantedFinding("Churn scores: AUC-PR against the best possible", ceiling, value, low, high, is_close, detail)
    error = figures[model, "calibration_error"]
    yield PlantedFinding(
        "Churn scores: published, and as often right as they say",
        "published",
        str(run["status"]),
        None,
        None,
        run["status"] == "published",
        run["reason"] or f"calibration error {number(error, 'value'):.3f}",
    )


def planted(rows: list[Row], truth: Truth) -> np.ndarray:
    """The probability that each learner-week was drawn with; what is planned and not drawn is as it was."""
    channels = {channel.name: table for channel, table in zip(CHANNELS, truth.leaving, strict=True)}
    return np.array([_probability(row, channels.get(row["acquisition_channel"])) for row in rows])


def _probability(row: Row, table: list | None) -> float:
    if table is None:
        return float(row["has_churned"])
    return table[int(row["is_in_community"])][int(row["age_weeks"])][int(row["came_last_week"])]


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the precision-recall curve, ties taken together; 0 without a positive."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(labels[order])[ends]
    if not labels.sum():
        return 0.0
    return float((np.diff(hits, prepend=0.0) * hits / (ends + 1)).sum() / hits[-1])
