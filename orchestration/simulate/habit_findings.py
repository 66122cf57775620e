"""Habits against what was planned: who crams, skims and guesses, and which steps readers took."""

from collections.abc import Iterator

from orchestration.simulate.finding import PlantedFinding, Query, exact, text
from orchestration.simulate.side_truth import HabitTruth
from orchestration.simulate.truth import Truth

SEGMENTS = """
select count() as learners, countIf(rhythm = 'burst') as crammers, countIf(is_skimmer) as skimmers
from marts.agg_learner_segments
where week = (select max(week) from marts.agg_learner_segments)
    and learner_id in (select learner_id from marts.fct_learning_events where course_id = {course})
"""
ANSWERS = """
select sum(answers) as answered, sum(guesses) as guessed, countIf(2 * guesses > answers) as guessers
from (
    select learner_id, count() as answers, countIf(is_rapid_guess) as guesses
    from marts.fct_attempts
    where course_id = {course} and is_first_attempt and item_type = 'question'
    group by learner_id
)
"""
STEPS = """
select toString(step) as step, sum(transition_count) as moves from marts.agg_transitions
where course_id = {course} and not is_exit and step != 'none' group by step
"""


def habit_findings(query: Query, truth: Truth) -> Iterator[PlantedFinding]:
    """Nothing where the programme has no courses of known habits."""
    if truth.side is None:
        return
    habits = truth.side.habits
    [row] = query(SEGMENTS.replace("{course}", text(habits.course_id)))
    detail = f"of {row['learners']} learners with a segment in the newest week"
    yield exact("Learners who cram before a deadline", habits.crammer_count, row["crammers"], detail)
    yield exact("Learners who skim videos", habits.skimmer_count, row["skimmers"], detail)
    yield _guesses(query, habits)
    yield _steps(query, habits)


def _guesses(query: Query, habits: HabitTruth) -> PlantedFinding:
    [row] = query(ANSWERS.replace("{course}", text(habits.course_id)))
    measured = int(row["guessed"])
    is_met = (measured, int(row["answered"]), int(row["guessers"])) == (
        habits.guess_count,
        habits.answer_count,
        habits.guesser_count,
    )
    detail = f"of {row['answered']} first answers; by {row['guessers']} learners, planned {habits.guesser_count}"
    return PlantedFinding(
        "First answers that were rapid guesses", habits.guess_count, measured, None, None, is_met, detail
    )


def _steps(query: Query, habits: HabitTruth) -> PlantedFinding:
    rows = query(STEPS.replace("{course}", text(habits.guide_course_id)))
    moves = {str(row["step"]): int(row["moves"]) for row in rows}
    shown = [", ".join(f"{name} {steps.get(name, 0)}" for name in habits.steps) for steps in (habits.steps, moves)]
    return PlantedFinding("Moves of readers: on, past a page, and back", *shown, None, None, moves == habits.steps)
