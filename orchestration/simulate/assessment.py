"""Quizzes: every question answered in order, some wrong answers tried again at once, then passed or failed."""

from dataclasses import dataclass, field

import numpy as np

from orchestration.simulate import draws
from orchestration.simulate.catalogue import CatalogueQuestion, Module, Unit
from orchestration.simulate.statements import CHOICES, Fragments, Recorder

RETRY_RATIO = 0.35
RETRY_GAIN = 0.25
PASS_SCORE = 0.6
LONGEST_ANSWER_SECONDS = 500.0
# People who had not covered the unit answer by chance at worst, and no learner is always right.
LOWEST_RATIO, HIGHEST_RATIO = 0.03, 0.985


@dataclass
class Examinees:
    """Who takes the quiz: `covered[unit id]` says who had covered that unit before."""

    visits: np.ndarray
    starts_at: np.ndarray
    ability: np.ndarray
    pace: np.ndarray
    covered: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass
class FirstAnswers:
    """What happened at the first attempt of one question."""

    question: CatalogueQuestion
    is_correct: np.ndarray
    was_covered: np.ndarray


def first_attempt_ratio(question: CatalogueQuestion, ability: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """P(first attempt is correct)."""
    ratio = question.base_ratio + question.ability_slope * (ability - 0.5) + question.taught_effect * covered
    return np.clip(ratio, LOWEST_RATIO, HIGHEST_RATIO)


def _answer(
    recorder: Recorder,
    rng: np.random.Generator,
    body: str,
    visits: np.ndarray,
    clock: np.ndarray,
    seconds: np.ndarray,
    is_correct: np.ndarray,
) -> None:
    """Records one answer per visit at the given time."""
    wrong = rng.integers(1, len(CHOICES), len(visits)).tolist()
    bodies = [
        f'{body},"result":{{"success":true,"response":"a","duration":"PT{spent}S","score":{{"scaled":1}}}}'
        if correct
        else f'{body},"result":{{"success":false,"response":"{CHOICES[choice]}","duration":"PT{spent}S",'
        f'"score":{{"scaled":0}}}}'
        for correct, choice, spent in zip(is_correct.tolist(), wrong, np.round(seconds, 1).tolist(), strict=True)
    ]
    recorder.add(visits, clock, bodies)


def _answer_seconds(rng: np.random.Generator, question: CatalogueQuestion, pace: np.ndarray) -> np.ndarray:
    seconds = question.seconds * pace * np.exp(rng.normal(0.0, 0.3, len(pace)))
    return np.clip(seconds, 2.0, LONGEST_ANSWER_SECONDS)


def assess(
    recorder: Recorder, rng: np.random.Generator, fragments: Fragments, module: Module, quiz: Unit, examinees: Examinees
) -> tuple[np.ndarray, list[FirstAnswers]]:
    """Records a whole quiz; returns when each examinee was through, and the first answers."""
    clock = examinees.starts_at.copy()
    recorder.add(examinees.visits, clock.copy(), fragments.unit("initialized", module, quiz))
    clock += rng.uniform(1.0, 4.0, len(clock))
    score = np.zeros(len(clock))
    answers = []
    pace = examinees.pace * quiz.pace
    for question in quiz.questions:
        covered = examinees.covered[question.taught_by]
        is_correct = draws.balanced_draw(rng, first_attempt_ratio(question, examinees.ability, covered), covered)
        answers.append(FirstAnswers(question, is_correct, covered))
        body = fragments.question(module, quiz, question)
        seconds = _answer_seconds(rng, question, pace)
        clock += seconds
        _answer(recorder, rng, body, examinees.visits, clock.copy(), seconds, is_correct)
        retries = np.flatnonzero(~is_correct & (rng.random(len(clock)) < RETRY_RATIO))
        again = 0.5 * _answer_seconds(rng, question, pace[retries])
        clock[retries] += again
        likely = first_attempt_ratio(question, examinees.ability, covered)[retries] + RETRY_GAIN
        is_right_now = rng.random(len(retries)) < likely
        _answer(recorder, rng, body, examinees.visits[retries], clock[retries], again, is_right_now)
        score += is_correct
        score[retries] += is_right_now
    clock += rng.uniform(0.5, 2.0, len(clock))
    _record_outcome(recorder, fragments, module, quiz, examinees.visits, clock, score / len(quiz.questions))
    return clock, answers


def _record_outcome(
    recorder: Recorder,
    fragments: Fragments,
    module: Module,
    quiz: Unit,
    visits: np.ndarray,
    clock: np.ndarray,
    score: np.ndarray,
) -> None:
    for verb, success, chosen in (("passed", "true", score >= PASS_SCORE), ("failed", "false", score < PASS_SCORE)):
        body = fragments.unit(verb, module, quiz)
        bodies = [
            f'{body},"result":{{"success":{success},"score":{{"scaled":{scaled},"min":0,"max":1}}}}'
            for scaled in np.round(score[chosen], 3).tolist()
        ]
        recorder.add(visits[chosen], clock[chosen], bodies)
