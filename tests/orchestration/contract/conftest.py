"""Staging's own verdict on lines of a test: its models' SQL, with dbt's words replaced, run by the embedded engine."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.drop_kinds import DROP_KINDS
from orchestration.expectations.staging import render_model
from orchestration.settings import PROJECT_ROOT

ROOT = PROJECT_ROOT
TABLES = {
    "int_object_states": "(select 'L' as load_id, 'O' as object_id, 1 as is_live)",
    "ops.live_objects": f"(select 'L' as load_id, 'O' as object_id, arrayJoin({list(DROP_KINDS)}) as kind)",
    "ops.keys": "(select 'learner_id_key' as name, 'secret' as value, now64(3, 'UTC') as set_at)",
}
COLUMNS = ["load_id", "object_id", "object_key", "source", "line_number", "line", "reject", "delivered_at", "loaded_at"]
DELIVERED_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)

StagingRows = Callable[[str, list[str]], list[dict]]


@pytest.fixture(scope="module")
def staging_rows(warehouse: Client) -> StagingRows:
    """staging_rows(kind, lines) is the row that staging makes of each line, a text that is a JSON object."""
    rendered = {name: render_model(kind.staging_path, TABLES) for name, kind in DROP_KINDS.items()}

    def read(kind: str, lines: list[str]) -> list[dict]:
        warehouse.command(f"truncate table {DROP_KINDS[kind].raw_table}")
        rows = [
            ["L", "O", "a", "web", number, line, "", DELIVERED_AT, DELIVERED_AT] for number, line in enumerate(lines, 1)
        ]
        warehouse.insert(DROP_KINDS[kind].raw_table, rows, column_names=COLUMNS)
        query = f"select * from ({rendered[kind].sql}) order by line_number"
        read_rows = list(warehouse.query(query, settings=dict(rendered[kind].settings)).named_results())
        assert [row["line_number"] for row in read_rows] == list(range(1, len(lines) + 1))
        return read_rows

    return read
