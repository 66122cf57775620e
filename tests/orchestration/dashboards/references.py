"""Whether everything that a chart shows exists: chart → dataset → mart. Each fault names the chart."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from orchestration.dashboards.assets import Chart, Dashboard
from orchestration.dashboards.datasets import Marts

_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'")
_NAME = re.compile(r"(?<![\w.])([a-z_][a-z0-9_]*)\b(?!\s*\()")
_OWN_WORDS = {
    "and",
    "or",
    "not",
    "in",
    "as",
    "is",
    "null",
    "case",
    "when",
    "then",
    "else",
    "end",
    "distinct",
    "true",
    "false",
}
_LAMBDA = re.compile(r"\b(\w+)\s*->")

Datasets = Mapping[str, Mapping[str, Any]]
"""Generated datasets by uuid."""


def names_in(expression: str) -> set[str]:
    """Columns that an expression of a dataset reads."""
    bare = _TEXT.sub("''", expression)
    return set(_NAME.findall(bare)) - _OWN_WORDS - set(_LAMBDA.findall(bare))


def dataset_faults(dataset: Mapping[str, Any], made: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(column or metric, name that its SQL reads and the dataset does not have); `made` is the SQL of both by name."""
    metrics = {metric["metric_name"] for metric in dataset["metrics"]}
    columns = {column["column_name"] for column in dataset["columns"]}
    readable = columns - set(made)
    for name, expression in made.items():
        for missing in sorted(names_in(expression) - (columns if name in metrics else readable)):
            yield name, missing
        readable.add(name)


def sql_faults(dataset: Mapping[str, Any], marts: Marts) -> list[str]:
    """`mart.column` for each column that the dataset's SQL reads, in subqueries too, and that dbt does not have."""
    scopes = traverse_scope(sqlglot.parse_one(dataset["sql"], dialect="clickhouse"))
    read = {name for scope in scopes for name in _mart_columns_read(scope)}
    return sorted(f"{mart}.{column}" for mart, column in read if column not in marts.get(mart, {}))


def _mart_columns_read(scope: Scope) -> Iterator[tuple[str, str]]:
    tables = {name: source for name, source in scope.sources.items() if isinstance(source, exp.Table)}
    # A scope also lists columns of the subqueries below it, which have a scope of their own.
    own = [column for column in scope.columns if column.find_ancestor(exp.Select) is scope.expression]
    for column in own:
        name = column.table or (next(iter(scope.sources)) if len(scope.sources) == 1 else "")
        if name in tables:
            yield tables[name].name, column.name


def charts_on_broken_sql(charts: list[Chart], datasets: Datasets, marts: Marts) -> list[str]:
    """A sentence for each chart whose dataset reads a column of a mart that is not there."""
    broken = {uuid: faults for uuid, dataset in datasets.items() if (faults := sql_faults(dataset, marts))}
    return [
        f"chart '{chart.title}' ({chart.path.name}) reads {name}, which is not there"
        for chart in charts
        for name in broken.get(chart.dataset_uuid, [])
    ]


def chart_faults(charts: list[Chart], datasets: Datasets, made: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A sentence for each column that a chart shows and that is not there."""
    faults = []
    for chart in charts:
        dataset = datasets.get(chart.dataset_uuid)
        if dataset is None:
            faults.append(f"chart '{chart.title}' ({chart.path.name}) is on a dataset that datasets.yaml does not have")
            continue
        where = f"chart '{chart.title}' ({chart.path.name}) on dataset '{dataset['table_name']}'"
        columns = {column["column_name"] for column in dataset["columns"]}
        metrics = {metric["metric_name"] for metric in dataset["metrics"]}
        broken = dict(dataset_faults(dataset, made[chart.dataset_uuid]))
        faults += [f"{where} shows the column {name}, which is not there" for name in sorted(chart.columns() - columns)]
        faults += [f"{where} shows the metric {name}, which is not there" for name in sorted(chart.metrics() - metrics)]
        faults += [
            f"{where} shows {name}, which reads {broken[name]}, which is not there"
            for name in sorted((chart.columns() | chart.metrics()) & set(broken))
        ]
    return faults


def filter_faults(dashboards: list[Dashboard], datasets: Datasets) -> list[str]:
    """A sentence for each filter on a column that is not there."""
    return [
        f"filter '{name}' of dashboard '{dashboard.title}' is on {column}, which is not there"
        for dashboard in dashboards
        for name, uuid, column in dashboard.filters()
        if column not in {column["column_name"] for column in datasets.get(uuid, {"columns": []})["columns"]}
    ]
