"""The suites: a floor, and every limit of the kind as an expectation that holds and one that notes."""

import pytest

from orchestration.drop_kinds import DROP_KINDS
from orchestration.expectations.facts import counted
from orchestration.expectations.limits import limits
from orchestration.expectations.suites import explain, suite_for


@pytest.mark.parametrize("kind", DROP_KINDS)
def test_every_suite_has_the_row_count_floor_and_each_limit_once(kind: str) -> None:
    floor, *others = suite_for(kind, 7).expectations
    assert (floor.expectation_type, floor.value, floor.severity) == ("expect_table_row_count_to_equal", 7, "critical")
    expected = {limit.over_allowed: "critical" for limit in limits(kind)}
    expected |= {limit.over_expected: "warning" for limit in limits(kind)}
    expected.pop("")
    assert {expectation.column: expectation.severity for expectation in others} == expected
    assert {expectation.max_value for expectation in others} == {0}


@pytest.mark.parametrize("kind", DROP_KINDS)
def test_everything_that_is_counted_has_a_limit(kind: str) -> None:
    """A count without one would never be looked at."""
    assert {"refused_count", *counted(kind)} <= {limit.column for limit in limits(kind)}


def test_only_what_destroys_numbers_holds() -> None:
    held = {limit.column for limit in limits("events") if limit.allowed}
    refused = {"refused_count", "implausible_timestamp_count"}
    assert held - refused == {"ledger_difference", "missing_video_position_seconds_count"}


@pytest.mark.parametrize(
    ("column", "row", "text"),
    [
        (
            "refused_count_over_allowed",
            {
                "refused_count_found": 9,
                "refused_count_allowed": 1,
                "refused_counts": {"missing_verb": 1, "invalid_id": 7, "not_json": 1},
            },
            "refused lines: 9 (invalid_id 7, missing_verb 1, not_json 1), at most 1 allowed",
        ),
        (
            "refused_count_over_expected",
            {"refused_count_found": 1, "refused_count_expected": 0, "refused_counts": {"not_json": 1}},
            "refused lines: 1 (not_json 1)",
        ),
        (
            "missing_video_position_seconds_count_over_expected",
            {
                "missing_video_position_seconds_count_found": 30,
                "missing_video_position_seconds_count_expected": 5,
            },
            "video events without position_seconds: 30, at most 5 expected",
        ),
        (
            "missing_verb_names_count_over_expected",
            {
                "missing_verb_names_count_found": 2,
                "missing_verb_names_count_expected": 0,
                "missing_verb_names": "paused, seeked",
            },
            "verbs that the source must send and did not: 2 (paused, seeked)",
        ),
        (
            "ledger_difference_over_allowed",
            {"ledger_difference_found": 1, "ledger_difference_allowed": 0},
            "lines that raw and ledger differ by: 1",
        ),
    ],
)
def test_a_reason_says_what_was_found_and_what_was_expected(column: str, row: dict, text: str) -> None:
    assert explain({"column": column}, row) == text
