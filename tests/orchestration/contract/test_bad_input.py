"""Damaged files are read as the load reads them: every case of its matrix."""

import io

import pytest

from orchestration.contract.check import read_lines
from orchestration.contract.files import UnreadableFile
from tests.faults.bad_input.cases import CASES, outcome

NOT_CHECKED = (".parquet", ".parquet.gz", ".parquet.zst")
OURS = {name: case for name, case in CASES.items() if not name.lower().endswith(NOT_CHECKED)}


@pytest.mark.parametrize("name", OURS)
def test_a_file_is_read_as_the_load_reads_it(name: str):
    body, expected = OURS[name]
    form, reasons = outcome(expected)
    try:
        reading = read_lines(io.BytesIO(body), name)
        outcome_of_check = (reading.form, [line.reason for line in reading.lines])
    except UnreadableFile:
        outcome_of_check = ("parked", reasons)
    assert outcome_of_check == (form, reasons)
