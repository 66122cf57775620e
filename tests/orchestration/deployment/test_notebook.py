"""The analysts' notebook asks for columns that are there, and holds no rows of anybody's."""

import json
import re

import sqlglot
from sqlglot import exp

from orchestration.dbt_process.manifest import prepare_manifest
from orchestration.settings import PROJECT_ROOT

NOTEBOOK = json.loads((PROJECT_ROOT / "docs" / "marts_in_pandas.ipynb").read_text())
CODE = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_every_column_is_one_of_the_mart() -> None:
    nodes = json.loads(prepare_manifest().read_text())["nodes"].values()
    columns = {node["name"]: set(node["columns"]) for node in nodes if node["resource_type"] == "model"}
    queries = [query for text in CODE for query in re.findall(r'query_df\("""(.*?)"""\)', text, re.DOTALL)]
    assert len(queries) == 3
    for query in queries:
        parsed = sqlglot.parse_one(query, dialect="clickhouse")
        (table,) = parsed.find_all(exp.Table)
        assert table.db == "marts"
        assert {column.name for column in parsed.find_all(exp.Column)} - columns[table.name] == set()


def test_its_python_compiles_and_its_outputs_are_empty() -> None:
    for text in CODE:
        compile(text, "notebook", "exec")
    assert [cell for cell in NOTEBOOK["cells"] if cell.get("outputs") or cell.get("execution_count")] == []
