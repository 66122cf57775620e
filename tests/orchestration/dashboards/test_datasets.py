"""Datasets, exposures and charts follow from dbt; what does not exist is found, with the name of the chart."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.dashboards.assets import ASSETS, Chart, read_charts, read_dashboards
from orchestration.dashboards.datasets import (
    DATASETS,
    UnknownColumn,
    expressions,
    generated_datasets,
    label_of,
    read_marts,
    read_specification,
)
from orchestration.dashboards.generate import by_uuid, generated_files, read_manifest
from orchestration.dashboards.yaml_text import from_yaml
from tests.orchestration.dashboards.references import (
    chart_faults,
    charts_on_broken_sql,
    dataset_faults,
    filter_faults,
    names_in,
)

LEARNER_LEVEL = {"Individual learner", "Learners to contact"}


@pytest.fixture(scope="module")
def manifest() -> dict:
    return read_manifest()


@pytest.fixture(scope="module")
def datasets(manifest: dict) -> dict:
    return by_uuid(generated_datasets(manifest))


def without(manifest: dict, mart: str, column: str) -> dict:
    """The manifest of a project whose mart has lost a column."""
    copied = json.loads(json.dumps(manifest))
    node = next(node for node in copied["nodes"].values() if node["name"] == mart)
    del node["columns"][column]
    return copied


def test_what_is_checked_in_is_what_follows_from_dbt(manifest: dict):
    wanted = generated_files(manifest)
    stale = [path.name for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    left = [path.name for path in DATASETS.glob("*.yaml") if path not in wanted]
    assert stale + left == [], "run: uv run python -m orchestration.generate"


def test_every_column_and_metric_that_a_chart_shows_exists(datasets: dict):
    made = expressions(read_specification())
    assert chart_faults(read_charts(), datasets, made) == []
    assert filter_faults(read_dashboards(), datasets) == []
    assert {uuid: list(dataset_faults(datasets[uuid], made[uuid])) for uuid in datasets} == {
        uuid: [] for uuid in datasets
    }


def test_a_mart_that_loses_a_column_names_the_charts_that_showed_it(manifest: dict):
    lost = by_uuid(generated_datasets(without(manifest, "agg_video_drop_off", "survival")))
    faults = chart_faults(read_charts(), lost, expressions(read_specification()))
    assert any("How many still watch" in fault and "reads survival, which is not there" in fault for fault in faults)
    assert any("shows the column survival, which is not there" in fault for fault in faults)


def test_the_sql_of_every_dataset_reads_columns_that_exist(manifest: dict, datasets: dict):
    assert charts_on_broken_sql(read_charts(), datasets, read_marts(manifest)) == []


@pytest.mark.parametrize(
    ("mart", "column", "chart"),
    [
        ("fct_drops", "status", "How fresh these data are"),
        ("fct_churn_runs", "reason", "What the list stands on"),
        ("agg_data_watermark", "source", "How fresh these data are"),
    ],
)
def test_a_column_lost_in_a_subquery_or_a_condition_names_the_chart(manifest: dict, mart: str, column: str, chart: str):
    lost = without(manifest, mart, column)
    faults = charts_on_broken_sql(read_charts(), by_uuid(generated_datasets(lost)), read_marts(lost))
    assert any(f"chart '{chart}'" in fault and f"reads {mart}.{column}, which" in fault for fault in faults), faults


def test_a_join_on_a_lost_column_is_refused(manifest: dict):
    with pytest.raises(UnknownColumn, match=r"video_drop_off joins dim_activities\.module_id"):
        generated_datasets(without(manifest, "dim_activities", "module_id"))


def test_a_chart_with_an_unknown_column_metric_or_dataset_is_found(datasets: dict):
    chart = next(chart for chart in read_charts() if chart.path.name == "stop_hot_spots.yaml")
    params = chart.content["params"] | {"all_columns": ["video", "nowhere"], "metrics": ["No such metric"]}
    made = expressions(read_specification())
    faults = chart_faults([replace(chart, content=chart.content | {"params": params})], datasets, made)
    assert [fault.rpartition(" on dataset ")[2] for fault in faults] == [
        "'Hot spots' shows the column nowhere, which is not there",
        "'Hot spots' shows the metric No such metric, which is not there",
    ]
    strange = Chart(Path("x.yaml"), chart.content | {"dataset_uuid": "none"})
    assert "on a dataset that datasets.yaml does not have" in chart_faults([strange], datasets, made)[0]


def test_names_of_an_expression_are_its_columns():
    assert names_in("if(title = 'a b', unit_id, title)") == {"title", "unit_id"}
    assert names_in("arrayFilter(sign -> sign != '', [if(is_skimmer, 'x', '')]) and not x in (1)") == {
        "is_skimmer",
        "x",
    }


def test_dashboards_are_nine_and_show_every_chart_once_or_more():
    dashboards = read_dashboards()
    shown = {uuid for dashboard in dashboards for uuid in dashboard.chart_uuids()}
    assert len(dashboards) == 9
    assert {chart.title for chart in read_charts() if chart.uuid not in shown} == set()
    assert shown <= {chart.uuid for chart in read_charts()}


def test_uuids_are_unique():
    uuids = [from_yaml(path.read_text()).get("uuid") for path in ASSETS.rglob("*.yaml") if path.stem != "metadata"]
    assert len(uuids) == len(set(uuids))


def test_each_dashboard_opens_with_its_question_how_to_read_it_and_what_to_do():
    for dashboard in read_dashboards():
        position = dashboard.content["position"]
        first = position[position[position["GRID_ID"]["children"][0]]["children"][0]]
        assert first["type"] == "MARKDOWN", dashboard.title
        text = first["meta"]["code"]
        assert text.startswith("### "), dashboard.title
        assert text.splitlines()[0].endswith("?"), dashboard.title
        assert "**How to read it.**" in text, dashboard.title
        assert "**What to do next.**" in text, dashboard.title


def test_learner_level_datasets_are_on_learner_level_dashboards_only(datasets: dict):
    audience = {uuid: dataset["extra"]["audience"] for uuid, dataset in datasets.items()}
    assert set(audience.values()) == {"everyone", "learners"}
    charts = {chart.uuid: chart for chart in read_charts()}
    for dashboard in read_dashboards():
        is_single = any(audience[charts[uuid].dataset_uuid] == "learners" for uuid in dashboard.chart_uuids())
        assert is_single == (dashboard.title.partition(" · ")[2] in LEARNER_LEVEL), dashboard.title


def test_rows_with_a_learner_are_for_those_who_may_see_learners(datasets: dict):
    for dataset in datasets.values():
        has_learner = "learner_id" in {column["column_name"] for column in dataset["columns"]}
        assert has_learner == (dataset["extra"]["audience"] == "learners"), dataset["table_name"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("drop_off_ratio", "Drop off"),
        ("drop_off_ratio_low", "Drop off (lower bound)"),
        ("start_seconds", "Start (s)"),
        ("reached_count", "Reached"),
        ("title", "Title"),
    ],
)
def test_labels_are_words(name: str, label: str):
    assert label_of(name) == label
