"""The suites: a floor, equality with the ledger, and every fact of the kind as a limit and as a note."""

import pytest

from orchestration.expectations.facts import COUNTED
from orchestration.expectations.suites import explain, suite_for


@pytest.mark.parametrize("kind", COUNTED)
def test_every_suite_has_the_row_count_floor_and_each_fact_twice(kind: str) -> None:
    suite = suite_for(kind, 7)
    types = [each.expectation_type for each in suite.expectations]
    assert suite.expectations[0].value == 7
    assert types[0] == "expect_table_row_count_to_equal"
    assert types.count("expect_column_pair_values_a_to_be_greater_than_b") == len(COUNTED[kind]) + 1
    assert types.count("expect_column_values_to_be_between") == len(COUNTED[kind]) + 1


def test_a_difference_from_the_ledger_is_explained() -> None:
    arguments = {"column_A": "line_count", "column_B": "ledger_line_count"}
    assert explain(arguments, {"line_count": 3, "ledger_line_count": 4}) == "3 lines are in raw, the ledger has 4"
