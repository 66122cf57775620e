"""Staging's own verdict on lines of a test: its models' SQL, with dbt's words replaced, run by the embedded engine."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import jinja2
import pytest
import yaml
from clickhouse_connect.driver.client import Client

ROOT = Path(__file__).resolve().parents[3]
MODELS = {
    "events": "models/staging/xapi/stg_xapi__statements.sql",
    "catalog": "models/staging/catalog/stg_catalog__items.sql",
    "learners": "models/staging/learners/stg_learners__enrolments.sql",
}
RAW_TABLES = {"events": "raw.event_lines", "catalog": "raw.catalog_lines", "learners": "raw.learner_lines"}
SOURCES = {table: table for table in RAW_TABLES.values()} | {
    "ops.live_objects": f"(select 'L' as load_id, 'O' as object_id, arrayJoin({list(RAW_TABLES)}) as kind)",
    "ops.keys": "(select 'learner_id_key' as name, 'secret' as value, now64(3, 'UTC') as set_at)",
}
LIVE = "(select 'L' as load_id, 'O' as object_id, 1 as is_live)"
COLUMNS = ["load_id", "object_id", "object_key", "source", "line_number", "line", "reject", "delivered_at", "loaded_at"]
DELIVERED_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)

StagingRows = Callable[[str, list[str]], list[dict]]


@pytest.fixture(scope="module")
def staging_rows(warehouse: Client) -> StagingRows:
    """staging_rows(kind, lines) is the row that staging makes of each line, a text that is a JSON object."""
    compiled = {kind: compile_model(path) for kind, path in MODELS.items()}

    def read(kind: str, lines: list[str]) -> list[dict]:
        warehouse.command(f"truncate table {RAW_TABLES[kind]}")
        rows = [
            ["L", "O", "a", "web", number, line, "", DELIVERED_AT, DELIVERED_AT] for number, line in enumerate(lines, 1)
        ]
        warehouse.insert(RAW_TABLES[kind], rows, column_names=COLUMNS)
        sql, settings = compiled[kind]
        found = list(warehouse.query(f"select * from ({sql}) order by line_number", settings=settings).named_results())
        assert [row["line_number"] for row in found] == list(range(1, len(lines) + 1))
        return found

    return read


def compile_model(path: str) -> tuple[str, dict]:
    """The model's SQL and its query settings, as dbt would write them for the tables of the test."""
    settings: dict = {}

    def config(**options: object) -> str:
        settings.update(options.get("query_settings", {}))
        return ""

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    macros = "\n".join(file.read_text() for file in sorted((ROOT / "macros").glob("[xk]*/*.sql")))
    variables = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
    sql = environment.from_string(macros + (ROOT / path).read_text()).render(
        config=config,
        source=lambda *name: SOURCES[".".join(name)],
        ref=lambda name: LIVE if name == "int_object_states" else seed(name),
        var=variables.__getitem__,
        is_touching=lambda: False,
    )
    return sql, settings


def seed(name: str) -> str:
    """The seed's rows as a table of texts."""
    rows = (ROOT / f"seeds/{name}.csv").read_text().replace("\\", "\\\\").replace("'", "\\'")
    return f"(select * from format(CSVWithNames, '{rows}'))"
