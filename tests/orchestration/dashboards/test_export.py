"""An export of what was imported changes no file; an edit changes the file that holds it, and nothing else."""

import copy
import shutil
from pathlib import Path

import pytest

from orchestration.dashboards.assets import ASSETS, normalised_chart, normalised_dashboard, read_charts, read_dashboards
from orchestration.dashboards.export import write_export
from orchestration.dashboards.yaml_text import from_yaml, to_yaml


def as_superset(content: dict, kind: str, number: int) -> dict:
    """The same record as Superset exports it: with ids of its own, empty values and another order."""
    record = copy.deepcopy(content)
    if kind == "charts":
        extra = {
            "datasource": f"{number}__table",
            "slice_id": number,
            "dashboards": [1],
            "matrixify_mode": None,
            "annotation_layers": [],
        }
        record["params"] = dict(reversed((record["params"] | extra).items()))
        return record | {"certified_by": None, "query_context": None, "cache_timeout": None, "tags": []}
    ids = {}
    for node in reversed(list(record["position"].values())):
        if isinstance(node, dict) and node.get("type") == "CHART":
            ids[node["meta"]["chartId"]] = node["meta"]["chartId"] + 700
            node["meta"]["chartId"] += 700
    for said in record["metadata"]["native_filter_configuration"]:
        said["scope"]["excluded"] = [ids[chart] for chart in reversed(said["scope"]["excluded"])]
        said["chartsInScope"] = list(ids.values())
        said["tabsInScope"] = []
    record["metadata"] |= {
        "chart_configuration": {str(chart_id): {"id": chart_id} for chart_id in ids.values()},
        "default_filters": "",
    }
    record["position"] = dict(reversed(record["position"].items()))
    return record | {"certified_by": "", "theme_uuid": None}


def exported() -> dict[str, dict]:
    charts = {
        f"charts/{n}_{c.path.stem}.yaml": as_superset(c.content, "charts", n) for n, c in enumerate(read_charts())
    }
    boards = {
        f"dashboards/{n}_{d.slug}.yaml": as_superset(d.content, "dashboards", n)
        for n, d in enumerate(read_dashboards())
    }
    return charts | boards


def texts(records: dict[str, dict]) -> dict[str, str]:
    return {name: to_yaml(record) for name, record in records.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the files of the project."""
    return Path(shutil.copytree(ASSETS, tmp_path / "assets"))


def test_files_are_in_the_form_that_an_export_writes():
    for chart in read_charts():
        assert chart.path.read_text() == to_yaml(normalised_chart(chart.content)), chart.path.name
    for dashboard in read_dashboards():
        assert dashboard.path.read_text() == to_yaml(normalised_dashboard(dashboard.content)), dashboard.path.name


def test_an_export_of_what_was_imported_changes_nothing(folder: Path):
    assert write_export(texts(exported()), set(), folder) == []


def test_an_edit_changes_its_file_alone(folder: Path):
    records = exported()
    name = next(name for name in records if name.endswith("stop_hot_spots.yaml"))
    records[name]["params"]["row_limit"] = 42
    assert write_export(texts(records), set(), folder) == ["written  charts/stop_hot_spots.yaml"]
    assert from_yaml((folder / "charts" / "stop_hot_spots.yaml").read_text())["params"]["row_limit"] == 42


def test_a_new_chart_gets_a_file_named_by_its_title(folder: Path):
    records = exported()
    new = copy.deepcopy(records[next(iter(records))]) | {"uuid": "1" * 8, "slice_name": "Who left: by week?"}
    assert write_export(texts(records | {"charts/x.yaml": new}), set(), folder) == [
        "written  charts/who_left_by_week.yaml"
    ]


def test_what_was_deleted_in_the_ui_goes_and_what_was_never_imported_stays(folder: Path):
    records = exported()
    gone = [name for name in records if name.startswith("charts/")][:2]
    uuids = [records.pop(name)["uuid"] for name in gone]
    assert len(write_export(texts(records), {uuids[0]}, folder)) == 1


def test_a_chart_on_a_dataset_of_the_ui_is_left_out_and_named(folder: Path):
    records = exported()
    new = copy.deepcopy(records[next(iter(records))]) | {"uuid": "1" * 8, "slice_name": "Mine", "dataset_uuid": "2" * 8}
    assert write_export(texts({"charts/x.yaml": new}), set(), folder) == [
        "left out chart 'Mine': its dataset is not in datasets.yaml"
    ]
