"""Reading what Great Expectations answers."""

from types import SimpleNamespace

import pytest

from orchestration.expectations.judge import GateError, connection_string, read_verdict
from orchestration.settings import ClickHouse


def result(success: bool, severity: str = "critical", exception_info: dict | None = None, **content: object):
    return SimpleNamespace(
        success=success,
        exception_info=exception_info or {"raised_exception": False},
        expectation_config=SimpleNamespace(
            type="expect_x",
            severity=severity,
            kwargs={"column": "refused_count_over_allowed"} if "rows" in content else {"value": 3},
        ),
        result={"unexpected_index_list": content["rows"]} if "rows" in content else {"observed_value": 2},
    )


ROW = {
    "object_id": "o1",
    "refused_count_found": 9,
    "refused_count_allowed": 1,
    "refused_counts": {"not_json": 9},
}


def test_a_critical_failure_holds_and_a_warning_notes() -> None:
    verdict = read_verdict(SimpleNamespace(results=[result(False, rows=[ROW]), result(False, "warning", rows=[ROW])]))
    assert verdict.held["o1"] == ["refused lines: 9 (not_json 9), at most 1 allowed"]
    assert list(verdict.noted) == ["o1"]


def test_too_few_objects_hold_the_whole_load() -> None:
    verdict = read_verdict(SimpleNamespace(results=[result(False)]))
    assert verdict.held_entirely == ["2 objects were counted, expected 3"]


@pytest.mark.parametrize(
    "info",
    [
        {"raised_exception": True, "exception_message": "boom"},
        {"('metric', 'id')": {"raised_exception": True, "exception_message": "boom"}},
    ],
)
def test_a_raised_expectation_is_an_error_and_not_bad_data(info: dict) -> None:
    with pytest.raises(GateError, match="expect_x: boom"):
        read_verdict(SimpleNamespace(results=[result(False, exception_info=info)]))


def test_a_password_of_any_characters_fits_the_address() -> None:
    engine = ClickHouse("host", 8443, "us er", "p@ss/w:rd?&", secure=True)
    assert connection_string(engine) == (
        "clickhousedb://us%20er:p%40ss%2Fw%3Ard%3F%26@host:8443/ops?use_query_condition_cache=0&secure=true"
    )
