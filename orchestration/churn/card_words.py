"""The sentences of the model card: what a score means, and what was found, for people who are no statisticians."""

from orchestration.churn.gates import Gate
from orchestration.churn.training import PUBLISHED, Run

GATES = {
    "outcomes_are_known": "Outcomes are known",
    "enough_to_learn_from": "Enough to learn from",
    "enough_to_judge_by": "Enough to judge it by",
    "enough_learners": "Enough different learners",
    "beats_the_baseline": "Better than counting days of silence",
    "is_calibrated": "The scores come true",
    "has_not_drifted": "Learners are like those it was judged on",
    "enough_in_the_course": "Enough in the course",
    "no_slice_is_far_worse": "No course or channel fares far worse",
}
USE = (
    "Use it to choose whom to write to first. Do not use it for grading, for decisions against a learner, or for "
    "learners of other programmes. It says what goes with leaving, not what causes it."
)


def short(name: str) -> str:
    """The end of a course's id, which is what people call it."""
    return name.rstrip("/").rsplit("/", 1)[-1]


def meaning(run: Run) -> str:
    """What a score is."""
    days = f"the next {run.horizon_days} days" if run.horizon_days else "the days after it"
    return (
        f"A score is the chance that a learner does nothing in the course for {days}, without having completed it or "
        "unenrolled: of ten learners with a score of 60 %, about six leave."
    )


def scope(run: Run) -> str:
    """Who has a score, and which courses have none."""
    is_scored = run.scores["status"] == PUBLISHED
    courses = run.scores.loc[is_scored, "course_id"].nunique()
    sentence = f"{int(is_scored.sum()):,} learners in {_count(courses, 'course has', 'courses have')} a score."
    refused = sorted({short(course) for course in run.scores.loc[~is_scored, "course_id"]})
    if refused:
        sentence += f" {int((~is_scored).sum()):,} learners have none, in: {', '.join(refused)} (see the checks)."
    return sentence


def promise(run: Run) -> str:
    """Whether the scores came true, at both ends and in the tenth that is written to first."""
    (low, low_rate, _), (high, high_rate, _) = run.curve[0], run.curve[-1]
    figures = {(figure.model, figure.measure): figure.value for figure in run.figures if figure.scope_kind == "all"}
    base = figures["", "churned_ratio"]
    top = min(1.0, base * figures[run.chosen, "lift"])
    days = min(1.0, base * figures["baseline", "lift"])
    return (
        f"Of the learners with the highest scores (about {_percent(high)}) {_percent(high_rate)} left, of those with "
        f"the lowest (about {_percent(low)}) {_percent(low_rate)}. Of the tenth that is written to first, "
        f"{_percent(top)} were about to leave when chosen by score, {_percent(days)} by days of silence, and "
        f"{_percent(base)} by chance."
    )


def gate_title(gate: Gate) -> str:
    """The check in words."""
    return GATES.get(gate.name, gate.name.replace("_", " "))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
