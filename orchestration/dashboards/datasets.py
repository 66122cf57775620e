"""Superset's datasets, made from dbt: columns, types and descriptions are the mart's, titles are joined to ids.

`datasets.yaml` says which marts become datasets, what is joined to them, and which columns and metrics are made for
people. `python -m orchestration.generate` writes the files below `assets/datasets/`.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.dashboards.shown import expression_of
from orchestration.dashboards.yaml_text import from_yaml, to_yaml

HERE = Path(__file__).resolve().parent
SPECIFICATION = HERE / "datasets.yaml"
DATASETS = HERE / "assets" / "datasets" / "Warehouse"
NAMESPACE = uuid.UUID("4b1f2f5e-7f0c-5a49-9a8e-0c6a5d1f7a10")
"""Of all uuids that are made from names, so that they stay the same for ever."""
DATABASE_UUID = str(uuid.uuid5(NAMESPACE, "database/Warehouse"))
_TEMPORAL = re.compile(r"^(?:Nullable\()?Date")
_UNITS = {"seconds": "(s)", "ratio": "", "count": ""}


@dataclass(frozen=True)
class Column:
    """A column of a mart, as dbt describes it."""

    name: str
    data_type: str
    description: str


Marts = Mapping[str, Mapping[str, Column]]


class UnknownColumn(Exception):
    """A dataset names a mart or a column that dbt does not have; the message says where."""


def read_marts(manifest: Mapping[str, Any]) -> Marts:
    """Columns of every mart of dbt's manifest."""
    return {
        node["name"]: {
            name: Column(name, column.get("data_type") or "", " ".join((column.get("description") or "").split()))
            for name, column in node["columns"].items()
        }
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["original_file_path"].startswith("models/marts/")
    }


def read_specification(path: Path = SPECIFICATION) -> dict[str, Any]:
    """What `datasets.yaml` says: `joins` that datasets share, and `datasets`."""
    return from_yaml(path.read_text())


def dataset_uuid(name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"dataset/{name}"))


def generated_datasets(manifest: Mapping[str, Any]) -> dict[Path, str]:
    """Every dataset file with what it must hold. Raises UnknownColumn."""
    marts, specification = read_marts(manifest), read_specification()
    return {
        DATASETS / f"{name}.yaml": to_yaml(_dataset(name, said, specification, marts))
        for name, said in specification["datasets"].items()
    }


def _dataset(name: str, said: Mapping[str, Any], specification: Mapping[str, Any], marts: Marts) -> dict[str, Any]:
    columns = _mart_columns(name, said["mart"], said.get("without", []), marts)
    joins = {join: specification["joins"][join] for join in said.get("joins", [])}
    labels = specification["labels"]
    entries = [_column_entry(column, labels) for column in columns.values()]
    readable = {f"facts.{column}" for column in columns}
    for alias, join in joins.items():
        entries += [_column_entry(column, labels) for column in _joined_columns(name, alias, join, readable, marts)]
        entries += [_made_column(made) for made in join.get("columns", [])]
    inner = [Column(column["name"], column["type"], column["label"]) for column in said.get("inner", [])]
    entries += [_column_entry(column, labels | {column.name: column.description}) for column in inner]
    entries += [_made_column(made) for made in said.get("columns", [])]
    temporal = next((entry["column_name"] for entry in entries if entry["is_dttm"]), None)
    return {
        "table_name": said["label"],
        "main_dttm_col": said.get("time", temporal),
        "description": said["description"],
        "schema": "marts",
        "sql": _sql(said, columns, joins),
        "extra": {"audience": said.get("audience", "everyone")},
        "uuid": dataset_uuid(name),
        "columns": entries,
        "metrics": [_metric(metric) for metric in metrics_of(said)],
        "version": "1.0.0",
        "database_uuid": DATABASE_UUID,
    }


def _mart_columns(dataset: str, mart: str, without: list[str], marts: Marts) -> dict[str, Column]:
    if mart not in marts:
        raise UnknownColumn(f"The dataset {dataset} reads the mart {mart}, which dbt does not have.")
    return {name: column for name, column in marts[mart].items() if name not in without}


def _joined_columns(
    dataset: str, alias: str, join: Mapping[str, Any], readable: set[str], marts: Marts
) -> list[Column]:
    """What a join adds, under the names that the dataset gives it; `readable` grows by what later joins may use."""
    theirs = _mart_columns(dataset, join["mart"], [], marts)
    missing = [f"{join['mart']}.{name}" for name in (*join["reads"].values(), join["key"]) if name not in theirs]
    missing += [join["by"]] if join["by"] not in readable else []
    if missing:
        raise UnknownColumn(f"The dataset {dataset} joins {', '.join(missing)}, which is not there.")
    readable |= {f"{alias}.{name}" for name in theirs}
    return [Column(name, theirs[read].data_type, theirs[read].description) for name, read in join["reads"].items()]


def _sql(said: Mapping[str, Any], columns: Mapping[str, Column], joins: Mapping[str, Any]) -> str:
    """The select of a dataset: the mart's columns, what is joined, and around it the columns made of them.

    Made columns are in the SQL, and not Superset's calculated columns: its tables of single rows cannot show those.
    """
    chosen = [f"facts.{name} as {name}" for name in columns]
    lines = []
    for alias, join in joins.items():
        chosen += [f"{alias}.{read} as {name}" for name, read in join["reads"].items()]
        lines.append(f"left join marts.{join['mart']} as {alias} on {alias}.{join['key']} = {join['by']}")
    chosen += [f"{' '.join(inner['is'].split())} as {inner['name']}" for inner in said.get("inner", [])]
    where = [f"where {' '.join(said['where'].split())}"] if "where" in said else []
    inside = ["select", _listed(chosen), f"from marts.{said['mart']} as facts", *lines, *where]
    made = [f"{sql} as {name}" for name, sql in made_columns(said, joins).items()]
    return "\n".join(["select", _listed(["named.*", *made]), "from (", *(f"  {line}" for line in inside), ") as named"])


def _listed(columns: list[str]) -> str:
    return ",\n".join(f"    {column}" for column in columns)


def made_columns(said: Mapping[str, Any], joins: Mapping[str, Any]) -> dict[str, str]:
    """The SQL of each column that a dataset makes, by name; `joins` are those of the dataset."""
    made = [column for join in joins.values() for column in join.get("columns", [])] + said.get("columns", [])
    return {column["name"]: expression_of(column) for column in made}


def expressions(specification: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The SQL of made columns and of metrics by name, of each dataset by uuid."""
    by_uuid = {}
    for name, said in specification["datasets"].items():
        joins = {join: specification["joins"][join] for join in said.get("joins", [])}
        metrics = {metric["name"]: " ".join(metric["sql"].split()) for metric in metrics_of(said)}
        by_uuid[dataset_uuid(name)] = made_columns(said, joins) | metrics
    return by_uuid


def _column_entry(column: Column, labels: Mapping[str, str]) -> dict[str, Any]:
    is_temporal = bool(_TEMPORAL.match(column.data_type))
    return {
        "column_name": column.name,
        "verbose_name": labels.get(column.name) or label_of(column.name),
        "is_dttm": is_temporal,
        "is_active": True,
        "type": column.data_type,
        "groupby": True,
        "filterable": True,
        "expression": None,
        "description": column.description,
    }


def label_of(name: str) -> str:
    """A column's name as people read it: `drop_off_ratio_low` is `Drop off (lower bound)`."""
    bound = {"_low": " (lower bound)", "_high": " (upper bound)"}
    ending = next((ending for ending in bound if name.endswith(ending)), "")
    words = name.removesuffix(ending).split("_")
    unit = _UNITS.get(words[-1]) if len(words) > 1 else None
    text = " ".join(words[:-1] + ([unit] if unit else [])) if unit is not None else " ".join(words)
    return text[:1].upper() + text[1:] + bound.get(ending, "")


def _made_column(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "column_name": said["name"],
        "verbose_name": said["label"],
        "is_dttm": bool(_TEMPORAL.match(said.get("type", "String"))),
        "is_active": True,
        "type": said.get("type", "String"),
        "groupby": True,
        "filterable": True,
        "expression": None,
        "description": said.get("description", said["label"]),
    }


def metrics_of(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The metrics of a dataset; one with `weeks: 12` stands for thirteen, with 0 to 12 in the place of {week}."""
    return [
        {key: text.replace("{week}", str(week)) for key, text in metric.items() if key != "weeks"}
        for metric in said.get("metrics", [])
        for week in range(metric.get("weeks", 0) + 1)
    ]


def _metric(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "metric_name": said["name"],
        "verbose_name": said["label"],
        "expression": " ".join(said["sql"].split()),
        "description": said.get("description", said["label"]),
        "d3format": said.get("format"),
    }
