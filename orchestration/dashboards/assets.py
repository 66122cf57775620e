"""Charts and dashboards as files: read, told what they use, and written in one form.

Superset's own export has ids of one database, empty values and an order that changes. `normalised_chart` and
`normalised_dashboard` leave what a person decided, so that an export of what was imported changes no file.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.dashboards.yaml_text import from_yaml

HERE = Path(__file__).resolve().parent
ASSETS = HERE / "assets"
_CHART_KEYS = ("slice_name", "description", "viz_type", "params", "cache_timeout", "dataset_uuid", "uuid", "version")
_DASHBOARD_KEYS = (
    "dashboard_title",
    "description",
    "css",
    "slug",
    "published",
    "uuid",
    "position",
    "metadata",
    "version",
)
_RUNTIME_PARAMS = {"datasource", "slice_id", "url_params", "dashboards", "extra_form_data", "dashboardId"}
_RUNTIME_METADATA = {
    "chart_configuration",
    "color_scheme_domain",
    "default_filters",
    "global_chart_configuration",
    "map_label_colors",
    "shared_label_colors",
    "show_native_filters",
    "native_filter_configuration",
}
_EMPTY = (None, "", {}, [])
_RUNTIME_FILTER = {"chartsInScope", "tabsInScope"}


@dataclass(frozen=True)
class Chart:
    """A chart of the files."""

    path: Path
    content: Mapping[str, Any]

    @property
    def title(self) -> str:
        return self.content["slice_name"]

    @property
    def uuid(self) -> str:
        return self.content["uuid"]

    @property
    def dataset_uuid(self) -> str:
        return self.content["dataset_uuid"]

    def columns(self) -> set[str]:
        """Columns of its dataset that it shows, groups, sorts or filters by."""
        return set(_columns_of(self.content["params"]))

    def metrics(self) -> set[str]:
        """Metrics of its dataset that it shows or sorts by."""
        return set(_metrics_of(self.content["params"]))


@dataclass(frozen=True)
class Dashboard:
    """A dashboard of the files."""

    path: Path
    content: Mapping[str, Any]

    @property
    def title(self) -> str:
        return self.content["dashboard_title"]

    @property
    def slug(self) -> str:
        return self.content["slug"]

    def chart_uuids(self) -> list[str]:
        return [node["meta"]["uuid"] for node in chart_nodes(self.content["position"])]

    def filters(self) -> list[tuple[str, str, str]]:
        """Name, dataset and column of each filter that has them."""
        return [
            (native_filter["name"], target["datasetUuid"], target["column"]["name"])
            for native_filter in self.content["metadata"]["native_filter_configuration"]
            for target in native_filter["targets"]
            if "column" in target
        ]


def read_charts(folder: Path = ASSETS) -> list[Chart]:
    return [Chart(path, from_yaml(path.read_text())) for path in sorted((folder / "charts").glob("*.yaml"))]


def read_dashboards(folder: Path = ASSETS) -> list[Dashboard]:
    dashboards = [Dashboard(path, from_yaml(path.read_text())) for path in (folder / "dashboards").glob("*.yaml")]
    return sorted(dashboards, key=lambda dashboard: dashboard.title)


def chart_nodes(position: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The places of charts in a layout."""
    for node in position.values():
        if isinstance(node, dict) and node.get("type") == "CHART":
            yield node


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _columns_of(params: Mapping[str, Any]) -> Iterator[str]:
    for key in ("all_columns", "groupby", "groupby_b", "columns", "x_axis", "entity", "series", "granularity_sqla"):
        yield from (name for name in _listed(params.get(key)) if isinstance(name, str))
    for entry in params.get("order_by_cols") or []:
        yield json.loads(entry)[0]
    for key in ("adhoc_filters", "adhoc_filters_b"):
        for adhoc in params.get(key) or []:
            if adhoc.get("subject") and adhoc.get("comparator") != "No filter":
                yield adhoc["subject"]
    for metric in _all_metrics(params):
        if isinstance(metric, dict) and metric.get("column"):
            yield metric["column"]["column_name"]


def _metrics_of(params: Mapping[str, Any]) -> Iterator[str]:
    yield from (metric for metric in _all_metrics(params) if isinstance(metric, str))


def _all_metrics(params: Mapping[str, Any]) -> Iterator[Any]:
    keys = ["metric", "metrics", "metrics_b", "timeseries_limit_metric", "secondary_metric"]
    if params.get("viz_type") == "bubble_v2":
        keys += ["x", "y", "size"]
    for key in keys:
        yield from _listed(params.get(key))


def normalised_chart(exported: Mapping[str, Any]) -> dict[str, Any]:
    """A chart without what Superset adds by itself.

    Its description is there even when it is empty: an import leaves alone what a file does not name.
    """
    chart = {key: exported.get(key) or None for key in _CHART_KEYS if exported.get(key) or key == "description"}
    params = {key: value for key, value in chart["params"].items() if key not in _RUNTIME_PARAMS and value is not None}
    if not params.get("annotation_layers"):
        params.pop("annotation_layers", None)
    return chart | {"params": dict(sorted(params.items()))}


def normalised_dashboard(exported: Mapping[str, Any]) -> dict[str, Any]:
    """A dashboard without what Superset adds by itself, its charts numbered by their place in the file."""
    dashboard = _chosen(copy.deepcopy(dict(exported)), _DASHBOARD_KEYS)
    position = dict(sorted(dashboard["position"].items()))
    numbers = {}
    for number, node in enumerate(sorted(chart_nodes(position), key=lambda node: node["meta"]["uuid"]), start=1):
        numbers.setdefault(node["meta"].get("chartId"), number)
        node["meta"] = dict(sorted(node["meta"].items())) | {"chartId": number}
    metadata = dashboard.get("metadata") or {}
    filters = [
        _normalised_filter(native_filter, numbers)
        for native_filter in metadata.get("native_filter_configuration") or []
    ]
    kept = {
        key: value
        for key, value in metadata.items()
        if key not in _RUNTIME_METADATA and value not in (None, "", {}, [])
    }
    metadata = dict(sorted(kept.items())) | {"native_filter_configuration": filters}
    return dashboard | {
        "position": {key: _sorted(node) for key, node in position.items()},
        "metadata": _sorted(metadata),
    }


def _normalised_filter(said: Mapping[str, Any], numbers: Mapping[Any, int]) -> dict[str, Any]:
    kept = {key: value for key, value in said.items() if key not in _RUNTIME_FILTER}
    scope = dict(kept.get("scope") or {})
    if "excluded" in scope:
        scope["excluded"] = sorted(numbers[chart] for chart in scope["excluded"] if chart in numbers)
    kept["scope"] = scope
    kept["targets"] = [
        {key: target[key] for key in ("datasetUuid", "column") if key in target}
        for target in kept.get("targets") or [{}]
    ]
    return kept


def _chosen(content: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: content[key] for key in keys if content.get(key) not in (None, "")}


def _sorted(value: Any) -> Any:
    """The same with the keys of every mapping in order."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(element) for element in value] if isinstance(value, list) else value
