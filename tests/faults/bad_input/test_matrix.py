"""Every object of the matrix is delivered in one go: each gets what the matrix says, whatever its neighbours are."""

import pytest

from orchestration.expectations.judge import LoadJudge
from tests.faults.bad_input.cases import CASES, outcome
from tests.faults.bad_input.reader import Reading, Unreadable, read_object
from tests.faulty_objects import objects_at_fault

PREFIX = "events/matrix/"


@pytest.fixture(scope="module")
def loaded(put, load_prefix, readings) -> dict[str, Reading | str]:
    """What happened to each case: its reading, or the code it is parked with."""
    for name, (body, _) in CASES.items():
        put(PREFIX + name, body)
    report = load_prefix(PREFIX)
    assert report.failed == []
    assert load_prefix(PREFIX).object_count == 0, "nothing is left to do"
    parked = {failure.drop.key: failure.code for failure in report.parked}
    readings_by_key = readings(PREFIX)
    assert not parked.keys() & readings_by_key.keys()
    return {key.removeprefix(PREFIX): result for key, result in (readings_by_key | parked).items()}


def test_the_python_reader_says_what_the_matrix_says() -> None:
    wrong = {}
    for name, (body, expected) in CASES.items():
        try:
            reading = read_object(name, body)
            reading_of_case = (reading.form, reading.reasons)
        except Unreadable as error:
            reading_of_case = ("parked", [error.code])
        if reading_of_case != outcome(expected):
            wrong[name] = (expected, reading_of_case[0], reading_of_case[1][:5])
    assert wrong == {}


@pytest.mark.parametrize("name", CASES)
def test_the_object_gets_what_the_matrix_says(loaded, name: str) -> None:
    body, expected = CASES[name]
    form, reasons = outcome(expected)
    result = loaded[name]
    if form == "parked":
        assert result == reasons[0]
        return
    assert isinstance(result, Reading), result
    assert (result.form, result.reasons) == (form, reasons)
    assert result == read_object(name, body), "byte for byte, and number for number"


def test_what_is_counted_as_at_fault_is_what_great_expectations_finds(loaded, warehouse, settings) -> None:
    """Of every fourth load, for Great Expectations needs most of a second for each."""
    loads = warehouse.query(
        "select load_id, groupUniqArray(object_id) from ops.load_commits "
        "where startsWith(object_key, {prefix:String}) group by load_id",
        parameters={"prefix": PREFIX},
    ).result_rows
    loads = sorted(loads, key=lambda load: min(load[1]))[::4]
    judge, fault_count = LoadJudge(settings.clickhouse), 0
    for load_id, object_ids in loads:
        verdict = judge.judge(load_id, "events", len(object_ids))
        at_fault = objects_at_fault(warehouse, load_id, object_ids)
        assert at_fault == verdict.held.keys() | verdict.noted.keys()
        fault_count += len(at_fault)
    assert fault_count
