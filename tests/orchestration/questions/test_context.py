"""The checked-in context is what dbt and the registry say now, and a question gets its part of it."""

import json

import pytest

from orchestration.dbt_process.manifest import prepare_manifest
from orchestration.questions.context import CONTEXT, mart_sections, read_marts, relevant
from orchestration.questions.generate import generated_page
from orchestration.questions.registry import questions


@pytest.fixture(scope="module")
def manifest() -> dict:
    return json.loads(prepare_manifest().read_text())


def test_the_file_is_up_to_date():
    assert CONTEXT.read_text() == generated_page(), "run: uv run python -m orchestration.generate"


def test_every_mart_with_its_grain_and_every_column_with_its_meaning(manifest: dict):
    marts = read_marts(manifest)
    sections = mart_sections()
    assert {mart.name for mart in marts} == set(sections)
    for mart in marts:
        assert mart.grain.startswith(("One row", "One ")), mart.name
        missing = [name for name, kind, meaning in mart.columns if f"`{name}` {kind}: " not in sections[mart.name]]
        assert missing == [], mart.name


def test_every_question_is_an_example():
    page = CONTEXT.read_text()
    assert [question.name for question in questions() if question.sql not in page] == []


def test_a_question_gets_the_marts_that_answer_it():
    part = relevant("at which minute do learners leave a video?")
    assert "### marts.agg_video_hot_spots" in part
    assert "`excess_learners_lost` Float64" in part
    assert len(part) < 80_000
