"""The figures by which a replay is judged: rows, sums and averages of the marts."""

import pytest

from orchestration.loading.state.mart_figures import Change, changes, mart_figures


@pytest.fixture
def mart(warehouse):
    warehouse.command("create database if not exists marts")
    warehouse.command(
        "create or replace table marts.agg_test (name String, ratio Nullable(Float64), seconds UInt32) "
        "engine = MergeTree order by name"
    )
    warehouse.command("insert into marts.agg_test values ('a', 0.5, 10), ('b', null, 20), ('c', nan, 30)")
    yield
    warehouse.command("drop table marts.agg_test")


def test_rows_sums_and_averages_of_numeric_columns(warehouse, mart) -> None:
    assert mart_figures(warehouse) == {
        ("agg_test", "rows"): 3,
        ("agg_test", "sum of ratio"): 0.5,
        ("agg_test", "average of ratio"): 0.5,
        ("agg_test", "sum of seconds"): 60,
        ("agg_test", "average of seconds"): 20,
    }


def test_there_are_none_before_the_first_build(warehouse) -> None:
    assert mart_figures(warehouse) == {}


def test_what_changed_is_listed_rows_first_then_by_size_of_the_difference() -> None:
    before = {("a", "rows"): 100.0, ("a", "sum of x"): 10.0, ("a", "sum of y"): 10.0, ("old", "rows"): 1.0}
    after = {("a", "rows"): 101.0, ("a", "sum of x"): 11.0, ("a", "sum of y"): 20.0, ("new", "rows"): 2.0}
    assert [(change.table, change.measure) for change in changes(before, after)] == [
        ("new", "rows"),
        ("old", "rows"),
        ("a", "rows"),
        ("a", "sum of y"),
        ("a", "sum of x"),
    ]


def test_the_order_of_a_floats_summands_is_no_change() -> None:
    assert changes({("a", "sum of x"): 0.1 + 0.2}, {("a", "sum of x"): 0.3}) == []
    assert Change("a", "rows", 0.0, 5.0).relative == float("inf")
