"""Whether scores may be read: the conditions, each with the figure that it rests on, and the words when it fails."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestration.churn.evaluation import Figure
from orchestration.churn.limits import Limits

NO_ROWS = "no Monday that the data reach lies after a learner's first activity"


@dataclass(frozen=True)
class Gate:
    """One condition: what was found, what is asked, and whether it holds. An empty `course_id` speaks of all."""

    name: str
    holds: bool
    reason: str
    course_id: str = ""


UNKNOWN = {
    "censored": "reach beyond the data",
    "course_ended": "reach beyond the end of their course",
    "already_ended": "are of learners who had completed or left",
}


def known_outcomes(counts: Mapping[str, int]) -> Gate:
    """Some learner-week has a label. `counts` are the learner-weeks by `label_reason`; '' is a label."""
    unknown = ", ".join(f"{counts[reason]:,} {words}" for reason, words in UNKNOWN.items() if counts.get(reason))
    if counts.get(""):
        return Gate("outcomes_are_known", True, f"{counts['']:,} learner-weeks with a known outcome")
    why = f"of {sum(counts.values()):,} learner-weeks, {unknown}" if counts else NO_ROWS
    return Gate("outcomes_are_known", False, f"no learner-week has a known outcome: {why}")


def enough_learners(churned: int, stayed: int, least: int) -> Gate:
    """Enough different learners to learn from: the weeks of a few say what these few do."""
    counted = f"to learn from: {churned:,} different learners churned and {stayed:,} did not"
    return Gate("enough_learners", min(churned, stayed) >= least, f"{counted}, at least {least} of each are asked")


def enough(name: str, positives: int, negatives: int, least: int, course_id: str = "") -> Gate:
    """Enough of both outcomes to learn from, or to judge by."""
    use = name.replace("enough_", "").replace("_", " ")
    counted = f"{use}: {positives:,} learner-weeks churned and {negatives:,} did not"
    return Gate(name, min(positives, negatives) >= least, f"{counted}, at least {least} of each are asked", course_id)


def gates_of(figures: Iterable[Figure], chosen: str, drift: float, limits: Limits) -> list[Gate]:
    """The gates on a model that was measured; those of slices only where a slice fails."""
    figures = list(figures)
    whole = {figure.measure: figure for figure in figures if (figure.scope_kind, figure.model) == ("all", chosen)}
    gain, error = whole["auc_pr_gain"], whole["calibration_error"]
    gates = [
        Gate(
            "beats_the_baseline",
            gain.low is not None and gain.low > 0,
            f"AUC-PR {whole['auc_pr'].value:.3f}, {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}) against days "
            "since the last activity; the interval must lie above 0",
        ),
        Gate(
            "is_calibrated",
            error.value <= limits.calibration_error_max,
            f"calibration error {error.value:.3f}, at most {limits.calibration_error_max} is asked",
        ),
        Gate(
            "has_not_drifted",
            drift <= limits.drift_max,
            f"stability index of the scores {drift:.3f} since the weeks that they were measured on, at most "
            f"{limits.drift_max} is asked",
        ),
    ]
    return gates + [gate for figure in figures if (gate := _slice_gate(figure, chosen, limits))]


def _slice_gate(figure: Figure, chosen: str, limits: Limits) -> Gate | None:
    """A slice is far worse when its scores are surely off by more than the limit, or surely rank worse than days do."""
    if figure.scope_kind == "all" or figure.model != chosen:
        return None
    where = f"{figure.scope_kind} {figure.scope}"
    course_id = figure.scope if figure.scope_kind == "course" else ""
    if figure.measure == "gap" and (figure.low > limits.slice_gap_max or figure.high < -limits.slice_gap_max):
        reason = f"{where}: scores off by {figure.value:+.3f} ({figure.low:+.3f} to {figure.high:+.3f}), "
        return Gate("no_slice_is_far_worse", False, f"{reason}more than {limits.slice_gap_max}", course_id)
    if figure.measure == "auc_pr_gain" and figure.high < 0:
        reason = f"{where}: AUC-PR {figure.value:+.3f} (up to {figure.high:+.3f}) against days since the last activity"
        return Gate("no_slice_is_far_worse", False, reason, course_id)
    return None
