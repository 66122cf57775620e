"""Which question is meant, and that each one of the registry runs on the marts as their contracts declare them."""

import re

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.questions.asking import LIMITS
from orchestration.questions.context import mart_sections
from orchestration.questions.guard import checked
from orchestration.questions.registry import PARAMETERS, SURE, Question, closest, questions
from orchestration.questions.sentences import WORDS, holes
from tests.orchestration.questions.conftest import COURSE, VIDEOS

MEANT = {
    "Which video loses the most students?": "videos_losing_learners",
    "where do people quit watching": "videos_losing_learners",
    "show me the drop-off curve of": "drop_off_curve",
    "what parts do people rewatch": "rewatched_places",
    "which modules are losing learners?": "losing_modules",
    "retention per channel": "channels_that_stay",
    "who churns": "churn_by_channel",
    "is the cohort on pace?": "cohort_pace",
    "which questions aren't taught": "untaught_questions",
    "which quiz questions are too hard": "faulty_questions",
    "how many learners are active per day": "activity_by_day",
    "how late are the data": "freshness",
    "what was rejected and why": "refused_lines",
    "which files are held": "held_files",
    "what fields are missing": "instrumentation_gaps",
}
NOT_MEANT = [
    "what's the weather in Paris",
    "average salary of teachers",
    "top selling products",
    "delete all learners",
    "which learners cheat",
    "give me a list of email addresses",
    "learners",
    "",
]


@pytest.mark.parametrize(("text", "name"), MEANT.items())
def test_a_paraphrase_finds_its_question(text: str, name: str):
    best = closest(text)[0]
    assert (best.question.name, best.score >= SURE) == (name, True), best.score


@pytest.mark.parametrize("text", NOT_MEANT)
def test_a_question_about_something_else_finds_none(text: str):
    best = closest(text)[0]
    assert best.score < SURE, (best.question.name, best.score)


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.name)
def test_each_phrasing_finds_its_own_question(question: Question):
    closest_names = {phrasing: closest(phrasing)[0].question.name for phrasing in question.phrasings}
    assert set(closest_names.values()) == {question.name}, closest_names


def test_names_are_unique_and_parameters_known():
    names = [question.name for question in questions()]
    assert len(set(names)) == len(names)
    for question in questions():
        assert set(question.requires) <= set(question.parameters) <= set(PARAMETERS), question.name
        assert all(f"{{{name}:String}}" in question.sql for name in question.parameters), question.name
        assert {word for _, word in holes(question.answer)} <= set(WORDS) | {""}, question.name
        assert question.nothing, question.name


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.name)
@pytest.mark.parametrize("is_named", [False, True], ids=["all", "named"])
def test_each_question_runs_and_has_what_its_sentence_and_plot_need(reader: Client, question: Question, is_named: bool):
    named = {"course": COURSE, "video": next(iter(VIDEOS)), "cohort": "2025-09-15", "period": "2025-10"}
    values = {name: named[name] if is_named else "" for name in PARAMETERS}
    # An answer without rows has no names of columns in the driver's own format.
    text = reader.raw_query(question.sql, parameters=values, settings=LIMITS, fmt="CSVWithNames").decode()
    columns = {name.strip('"') for name in text.splitlines()[0].split(",")}
    needed = {column for column, _ in holes(question.answer)} | {
        column for name, column in question.plot.items() if name in ("label", "value")
    }
    assert needed <= columns
    if question.plot.get("kind") == "curve":
        assert {"bin_start_seconds", "bin_end_seconds", "survival", "is_hot_spot"} <= columns


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.name)
def test_the_guard_lets_each_of_them_through_with_its_meaning(reader: Client, question: Question):
    """A model that copies an example must not be refused, and what the guard writes must be the same query."""
    plain = re.sub(r"\{\w+:String\}", "''", question.sql)
    before, after = (
        reader.raw_query(sql, settings=LIMITS, fmt="CSVWithNamesAndTypes")
        for sql in (plain, checked(plain, mart_sections().keys()))
    )
    assert after == before
