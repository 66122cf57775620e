"""Empty marts as their contracts declare them, to be filled with rows of a test: no dbt, real types, real engine."""

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import groupby

import yaml
from clickhouse_connect.driver.client import Client

from orchestration.settings import PROJECT_ROOT


@cache
def contracts() -> dict[str, dict[str, str]]:
    """Mart → column → declared type."""
    types = {}
    for path in (PROJECT_ROOT / "models" / "marts").rglob("*.yml"):
        for model in (yaml.safe_load(path.read_text()) or {}).get("models", []):
            if model.get("columns"):
                types[model["name"]] = {column["name"]: column["data_type"] for column in model["columns"]}
    return types


def create_marts(client: Client, names: Iterable[str]) -> None:
    """Make the marts, empty."""
    client.command("create database if not exists marts")
    for name in names:
        columns = ", ".join(f"`{column}` {kind}" for column, kind in contracts()[name].items())
        client.command(f"create or replace table marts.{name} ({columns}) engine = MergeTree order by tuple()")


def fill_mart(client: Client, name: str, *rows: Mapping[str, object]) -> None:
    """Put rows into a mart; a column that a row does not give has its type's default (NULL where it may be)."""
    for columns, alike in groupby(rows, lambda row: tuple(row)):
        unknown = set(columns) - contracts()[name].keys()
        assert not unknown, f"marts.{name} has no {sorted(unknown)}"
        client.insert(f"marts.{name}", [list(row.values()) for row in alike], column_names=columns)
