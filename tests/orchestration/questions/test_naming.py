"""Courses, videos, weeks and months that stand in a question."""

import pytest

from orchestration.questions.naming import NotNamed, named_in

TITLES = {
    "course": [("c1", "Data literacy"), ("c2", "Project leadership")],
    "video": [("v1", "How the course works"), ("v2", "Reading charts: the idea")],
}


def test_a_title_in_the_question_is_found_and_taken_out():
    named = named_in("Which videos lose the most learners in data literacy?", TITLES, {})
    assert named.values["course"] == "c1"
    assert named.titles == {"course": "Data literacy"}
    assert "literacy" not in named.rest


def test_a_spelling_mistake_is_forgiven():
    assert named_in("drop-off curve of How the corse works", TITLES, {}).values["video"] == "v1"


@pytest.mark.parametrize(
    ("text", "course"),
    [("how fresh are the data?", ""), ("videos in the course data", "c3"), ("videos in 'Data'", "c3")],
)
def test_a_title_of_one_word_is_meant_only_where_it_is_pointed_at(text: str, course: str):
    titles = TITLES | {"course": [*TITLES["course"], ("c3", "Data")]}
    assert named_in(text, titles, {}).values["course"] == course


def test_nothing_is_found_where_nothing_is_named():
    named = named_in("Which videos lose the most learners?", TITLES, {})
    assert set(named.values.values()) == {""}


@pytest.mark.parametrize(
    ("text", "cohort", "period"),
    [
        ("retention of cohort 2025-W40", "2025-09-29", ""),
        ("retention of the cohort of 2025-10-02", "2025-09-29", ""),
        ("activity in 2025-10", "", "2025-10"),
        ("activity in October 2025", "", "2025-10"),
        ("activity in 2025-13", "", ""),
        ("cohort 2025-W60", "", ""),
    ],
)
def test_weeks_and_months(text: str, cohort: str, period: str):
    values = named_in(text, TITLES, {}).values
    assert (values["cohort"], values["period"]) == (cohort, period)


def test_an_option_beats_the_question_and_may_be_an_id():
    assert named_in("videos in data literacy", TITLES, {"course": "c2"}).values["course"] == "c2"
    assert named_in("videos", TITLES, {"course": "project leadrship"}).values["course"] == "c2"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"course": "Cooking"}, "There are 'Data literacy'"),
        ({"cohort": "soon"}, "2025-W40"),
        ({"period": "x"}, "2025-10"),
    ],
)
def test_an_option_that_names_nothing_is_an_error(options: dict, said: str):
    with pytest.raises(NotNamed, match=said):
        named_in("videos", TITLES, options)
