"""Programmes that a model cannot learn from: each is refused in words, and none ends in an error."""

from collections.abc import Callable

import pandas as pd
import pytest

from orchestration.churn.card import card
from orchestration.churn.limits import limits
from orchestration.churn.training import NOT_PUBLISHED, train_and_score
from tests.orchestration.churn.programmes import simulate_programme

MONDAY = pd.Timestamp("2025-11-03")
Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return simulate_programme(7, 700, 12).rows


def without_labels(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(is_churned=pd.array([None] * len(rows), dtype="boolean"), label_reason="censored")


def of_one_outcome(rows: pd.DataFrame) -> pd.DataFrame:
    known = rows["label_reason"] == ""
    return rows.assign(is_churned=rows["is_churned"].mask(known, False))


def of_few_learners(rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows, told of four learners: enough weeks, too few people."""
    return rows.assign(learner_id=rows["learner_id"].str[-1].astype(int).mod(4).astype(str))


def of_one_week(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["as_of_at"] == rows.loc[rows["label_reason"] == "", "as_of_at"].max()]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without_labels, "no learner-week has a known outcome: of .* learner-weeks, .* reach beyond the data"),
        (of_one_outcome, "to learn from: 0 learner-weeks churned and .* at least 50 of each are asked"),
        (of_few_learners, "to learn from: 4 different learners churned and 4 did not, at least 20"),
        (of_one_week, "to learn from: 0 learner-weeks churned and 0 did not"),
        (lambda rows: rows.iloc[:0], "no Monday that the data reach lies after a learner's first activity"),
    ],
)
def test_what_cannot_teach_is_refused_with_the_reason(rows: pd.DataFrame, change: Change, reason: str):
    run = train_and_score(change(rows), limits(), MONDAY)
    assert not run.is_published
    assert pd.Series([run.reason]).str.contains(reason).all(), run.reason
    assert set(run.scores["status"]) <= {NOT_PUBLISHED}
    assert run.as_of_at is not None
    assert "No score is published" in card(run)


@pytest.mark.filterwarnings("error")
def test_one_course_without_quizzes_and_channels_is_no_obstacle(rows: pd.DataFrame):
    """Videos only, as some platforms send them: features without any value are left to the others."""
    bare = rows.assign(
        course_id="only", acquisition_channel="unknown", right_ratio=float("nan"), right_change=float("nan")
    )
    run = train_and_score(bare, limits())
    assert run.figures
    assert {figure.scope for figure in run.figures if figure.scope_kind == "course"} == {"only"}
