"""Our own data tests, each on rows that it must let pass and on rows that it must find.

A data test that finds nothing looks like one that works. The tests are rendered with plain Jinja and run in an engine
in this process; `model` is a table made of the rows.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import chdb
import pytest
from jinja2 import Environment, StrictUndefined

ROOT = Path(__file__).resolve().parents[2]
GENERIC = ROOT / "tests" / "dbt" / "generic"
FAULTS = ROOT / "macros" / "data_tests" / "faults.sql"
NAN, INF = "nan", "inf"


class CompilerError(Exception):
    """What dbt's exceptions.raise_compiler_error raises."""


class _Exceptions:
    @staticmethod
    def raise_compiler_error(message: str) -> None:
        raise CompilerError(message)


@pytest.fixture(scope="module")
def render() -> Callable[..., str]:
    """render(test, **arguments) gives the SQL of a data test."""
    environment = Environment(undefined=StrictUndefined, autoescape=False, extensions=["jinja2.ext.do"])
    environment.globals |= {
        "var": {"minimum_group_size": 10}.__getitem__,
        "exceptions": _Exceptions,
        "config": lambda **_: "",
    }
    sources = "\n".join(path.read_text() for path in [FAULTS, *sorted(GENERIC.glob("*.sql"))])
    as_macros = re.sub(r"{%(-?) (end)?test\b", r"{%\1 \2macro", sources)
    module = environment.from_string(as_macros).module
    return lambda test, **arguments: getattr(module, test)(**arguments)


@pytest.fixture
def engine() -> Iterator[chdb.state.sqlitelike.Connection]:
    connection = chdb.connect(":memory:")
    yield connection
    connection.close()


@pytest.fixture
def count_faults(engine, render) -> Callable[..., int]:
    """found(test, schema, rows, **arguments) is the number of rows that the data test returns; 0 means it passes."""

    def run(test: str, schema: str, rows: list[tuple], /, **arguments: object) -> int:
        table("model", schema, rows)
        sql = render(test, model="model", **arguments)
        return len(engine.query(sql, "TSV").data().splitlines())

    def table(name: str, schema: str, rows: list[tuple]) -> None:
        engine.query(f"create or replace table {name} ({schema}) engine = Memory")
        if rows:
            engine.query(f"insert into {name} values " + ", ".join(_row(row) for row in rows))

    run.table = table
    return run


def _row(values: tuple) -> str:
    return "(" + ", ".join(map(_literal, values)) + ")"


def _literal(value: object) -> str:
    if value is None:
        return "null"
    return value if value in (NAN, INF) else repr(value)


KEY = "a Nullable(String), b UInt8"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], 0),
        ([("x", 1), ("x", 2), ("y", 1), (None, 1)], 0),
        ([("x", 1), ("x", 1), ("x", 1), ("y", 1), ("y", 1), ("z", 1)], 2),
        ([(None, 1), (None, 1)], 1),
    ],
)
def test_unique_combination(count_faults, rows: list[tuple], expected: int):
    assert count_faults("unique_combination", KEY, rows, columns=["a", "b"]) == expected


@pytest.mark.parametrize(
    ("values", "bounds", "expected"),
    [
        ([0, 1, 0.5, None], {"min_value": 0, "max_value": 1}, 0),
        ([-0.1, 1.1, NAN, INF, 0.5], {"min_value": 0, "max_value": 1}, 4),
        ([0, 7, INF, None], {"min_value": 0}, 0),
        ([-1, NAN], {"min_value": 0}, 2),
        ([-5, 1], {"max_value": 0}, 1),
    ],
)
def test_accepted_range(count_faults, values: list, bounds: dict, expected: int):
    rows = [(value,) for value in values]
    assert count_faults("accepted_range", "x Nullable(Float64)", rows, column_name="x", **bounds) == expected


def test_accepted_range_without_a_bound_is_refused(render):
    with pytest.raises(CompilerError, match="neither min_value nor max_value"):
        render("accepted_range", model="model", column_name="x")


@pytest.mark.parametrize("kind", ["Nullable(String)", "LowCardinality(Nullable(String))"])
def test_not_empty(count_faults, kind: str):
    assert count_faults("not_empty", f"x {kind}", [("a",), (" ",)], column_name="x") == 0
    assert count_faults("not_empty", f"x {kind}", [("a",), ("",), (None,)], column_name="x") == 2


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((0.1, 0.5, 0.9), 0),
        ((0.5, 0.5, 0.5), 0),
        ((1.0000000001, 1, 1), 0),
        ((None, 0.5, 0.9), 0),
        ((0.1, 0.5, None), 0),
        ((None, None, None), 0),
        ((0.6, 0.5, 0.9), 1),
        ((0.1, 0.95, 0.9), 1),
        ((0.9, None, 0.1), 1),
        ((NAN, 0.5, 0.9), 1),
        ((0.1, NAN, 0.9), 1),
    ],
)
def test_interval_contains(count_faults, row: tuple, expected: int):
    columns = "low Nullable(Float64), x Nullable(Float64), high Nullable(Float64)"
    assert count_faults("interval_contains", columns, [row], value="x", low="low", high="high") == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((9, True, None, None), 0),
        ((10, False, 3, 0.3), 0),
        ((10, False, None, None), 0),
        ((9, False, None, None), 1),
        ((9, True, None, 0.3), 1),
        ((10, True, None, None), 1),
    ],
)
def test_is_suppressed_below(count_faults, row: tuple, expected: int):
    columns = "n UInt64, is_suppressed Bool, x Nullable(UInt64), y Nullable(Float64)"
    assert count_faults("is_suppressed_below", columns, [row], group_size="n", columns=["x", "y"]) == expected


def test_set_included(count_faults):
    count_faults.table("parent", "a String, other UInt8", [("x", 1), ("y", 2)])
    arguments = {"columns": ["a", "b"], "to": "parent", "fields": ["a", "other"]}
    assert count_faults("set_included", KEY, [("x", 1), ("y", 2), (None, 9)], **arguments) == 0
    assert count_faults("set_included", KEY, [("x", 2), ("x", 2), ("y", 2), ("z", 1)], **arguments) == 2


def test_set_included_by_columns_of_the_same_name(count_faults):
    count_faults.table("parent", "b UInt8", [(1,)])
    assert count_faults("set_included", KEY, [("x", 1), ("x", 2)], columns=["b"], to="parent") == 1


def test_relationships(count_faults):
    count_faults.table("parent", "other Nullable(String)", [("x",), (None,)])
    arguments = {"column_name": "a", "to": "parent", "field": "other"}
    assert count_faults("relationships", KEY, [("x", 1), (None, 9)], **arguments) == 0
    assert count_faults("relationships", KEY, [("x", 2), ("y", 2), ("", 1)], **arguments) == 2


def test_every_data_test_is_in_the_catalogue_and_tested_here():
    catalogue = (GENERIC / "README.md").read_text()
    tested = Path(__file__).read_text()
    names = [path.stem for path in GENERIC.glob("*.sql")]
    assert [name for name in names if f"`{name}`" not in catalogue or f'"{name}"' not in tested] == []
