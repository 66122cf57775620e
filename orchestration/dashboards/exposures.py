"""dbt's exposures, made from the dashboards and the brief: which marts each of them reads."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.briefs import all_marts
from orchestration.dashboards.assets import Chart, Dashboard
from orchestration.dashboards.yaml_text import to_yaml
from orchestration.settings import PROJECT_ROOT

EXPOSURES = PROJECT_ROOT / "models" / "marts" / "_exposures.yml"
OWNER = {"name": "Learning analytics"}
_MART = re.compile(r"\bmarts\.(\w+)")
_HEADER = "# Made from the dashboards: python -m orchestration.generate\n"


def marts_read(dataset: Mapping[str, Any]) -> set[str]:
    """The marts in a dataset's SQL."""
    return set(_MART.findall(dataset["sql"]))


def exposures_file(
    dashboards: list[Dashboard], charts: list[Chart], datasets: Mapping[str, Mapping[str, Any]]
) -> dict[Path, str]:
    """The yml of exposures; `datasets` by uuid."""
    by_uuid = {chart.uuid: chart for chart in charts}
    exposures = [
        {
            "name": f"dashboard_{dashboard.slug.replace('-', '_')}",
            "label": dashboard.title,
            "type": "dashboard",
            "url": f"http://127.0.0.1:8088/superset/dashboard/{dashboard.slug}/",
            "description": dashboard.content["description"],
            "owner": OWNER,
            "depends_on": [f"ref('{mart}')" for mart in sorted(_marts_of(dashboard, by_uuid, datasets))],
        }
        for dashboard in dashboards
    ]
    return {EXPOSURES: _HEADER + to_yaml({"exposures": [*exposures, _brief()]})}


def _brief() -> dict[str, Any]:
    return {
        "name": "weekly_brief",
        "label": "Weekly brief",
        "type": "notebook",
        "description": "One page a week for people who open no tool: warehouse report.",
        "owner": OWNER,
        "depends_on": [f"ref('{mart}')" for mart in all_marts()],
    }


def _marts_of(dashboard: Dashboard, charts: Mapping[str, Chart], datasets: Mapping[str, Mapping[str, Any]]) -> set[str]:
    return {mart for uuid in dashboard.chart_uuids() for mart in marts_read(datasets[charts[uuid].dataset_uuid])}
