"""Staging's models as the gate reads them; that their verdicts are those of dbt's build is tested end to end."""

import re

import pytest
from jinja2 import UndefinedError

from orchestration.drop_kinds import DROP_KINDS
from orchestration.expectations import staging
from orchestration.expectations.staging import judged_lines, render_model

OBJECTS = "select 'L' as load_id, 'O' as object_id"
DATABASES = r"\b(?:raw|ops|seeds|staging|intermediate|marts)\.\w+"


@pytest.mark.parametrize("kind", DROP_KINDS)
def test_a_model_reads_raw_and_nothing_that_dbt_builds(kind: str) -> None:
    """Nor the key of the pseudonyms, which no verdict needs."""
    code = re.sub(r"'(?:[^'\\]|\\.)*'", "''", judged_lines(kind, OBJECTS).sql)
    assert set(re.findall(DATABASES, code)) == {DROP_KINDS[kind].raw_table}


@pytest.mark.parametrize("kind", DROP_KINDS)
def test_every_model_judges_its_lines(warehouse, kind: str) -> None:
    columns = ["load_id", "object_id", "line_number", "line", "reject"]
    warehouse.insert(
        DROP_KINDS[kind].raw_table, [["L", object_id, 1, "{}", ""] for object_id in "OP"], column_names=columns
    )
    query = f"select object_id, line_number, quarantine_reason from ({judged_lines(kind, OBJECTS).sql})"
    [(object_id, number, reason)] = warehouse.query(query, settings={"max_query_size": 1 << 20}).result_rows
    assert (object_id, number) == ("O", 1), "of the objects asked for only"
    assert reason.startswith("missing_")


def test_the_settings_of_a_model_are_known() -> None:
    assert judged_lines("events", OBJECTS).settings["short_circuit_function_evaluation"] == "disable"


def test_a_macro_of_another_folder_is_an_error_and_not_an_empty_text(monkeypatch) -> None:
    monkeypatch.setattr(staging, "MACROS", ("keys",))
    staging._macros.cache_clear()
    try:
        with pytest.raises(UndefinedError, match="is undefined"):
            render_model(DROP_KINDS["events"].staging_path, {"int_object_states": "x"})
    finally:
        monkeypatch.undo()
        staging._macros.cache_clear()
