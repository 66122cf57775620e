"""Whole files, from their bytes to their report."""

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.contract.check import Checker
from orchestration.contract.example_files import EXAMPLES
from orchestration.contract.report import FIRST_LINES
from tests.orchestration.contract.examples import accepted_examples, rejected_examples

GOOD = [json.dumps(example).encode() for example in accepted_examples("events")]
BAD = [example.line for example in rejected_examples() if example.kind == "events"]


def write(folder: Path, content: bytes, name: str = "a.ndjson") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_accepted_and_rejected_lines_add_up(tmp_path: Path):
    faults = []
    report = Checker("events").check(write(tmp_path, b"\n".join([*GOOD, *BAD])), lambda *fault: faults.append(fault))
    assert (report.line_count, report.accepted_count, report.rejected_count) == (
        len(GOOD) + len(BAD),
        len(GOOD),
        len(BAD),
    )
    assert [number for number, _ in faults] == list(range(len(GOOD) + 1, len(GOOD) + len(BAD) + 1))
    assert [fault.reason for _, fault in faults] == [
        example.reason for example in rejected_examples() if example.kind == "events"
    ]


@pytest.mark.parametrize("kind", ["catalog", "learners", "changes"])
def test_the_other_kinds_have_rules_of_their_own(tmp_path: Path, kind: str):
    bad = [example.line for example in rejected_examples() if example.kind == kind]
    content = (EXAMPLES / f"{kind}.ndjson").read_bytes() + b"\n".join(bad)
    report = Checker(kind).check(write(tmp_path, content))
    assert (report.accepted_count, report.rejected_count) == (len(accepted_examples(kind)), len(bad))


def test_an_array_is_read_as_a_document():
    report = Checker("events").check(EXAMPLES / "video.json")
    count = len(json.loads((EXAMPLES / "video.json").read_bytes()))
    assert (report.form, report.line_count, report.is_refused, report.missing) == ("document", count, False, [])


def test_an_array_that_breaks_is_refused_line_by_line(tmp_path: Path):
    """As the load reads it: it cannot be said which of its elements would have been whole."""
    broken = (EXAMPLES / "video.json").read_bytes()[:-3]
    report = Checker("events").check(write(tmp_path, broken, "a.json"))
    assert report.form == "lines"
    assert report.accepted_count == 0
    assert report.rejected_count == broken.count(b"\n") + 1


def test_a_statement_printed_over_lines_is_a_document(tmp_path: Path):
    pretty = json.dumps(accepted_examples("events")[0], indent=2).encode()
    assert Checker("events").check(write(tmp_path, pretty + b"\n" + pretty, "a.json")).accepted_count == 2


def test_a_first_line_that_is_refused_for_what_it_says_leaves_the_file_as_lines(tmp_path: Path):
    report = Checker("events").check(write(tmp_path, b'{"id":"x"}\n' + GOOD[0]))
    assert (report.form, report.accepted_count) == ("lines", 1)


def test_an_empty_file_has_no_lines(tmp_path: Path):
    report = Checker("events").check(write(tmp_path, b""))
    assert (report.line_count, report.is_refused) == (0, False)


def test_a_cut_file_cannot_be_read(tmp_path: Path):
    report = Checker("events").check(write(tmp_path, gzip.compress(b"\n".join(GOOD))[:-9], "a.ndjson.gz"))
    assert report.is_refused
    assert "cut" in report.unreadable


def test_missing_fields_are_counted_with_their_first_lines(tmp_path: Path):
    statement = accepted_examples("events")[0]
    del statement["context"]["platform"]
    line = json.dumps(statement).encode()
    report = Checker("events").check(write(tmp_path, b"\n".join([GOOD[0], *[line] * 5])))
    (gap,) = report.missing
    assert (gap.recommendation.field, gap.expected_count, gap.missing_count) == ("platform", 6, 5)
    assert gap.first_lines == [2, 3, 4][:FIRST_LINES]


def test_a_check_costs_less_than_ten_times_what_reading_does(tmp_path: Path):
    """The best of five in CPU time: 5 times when measured, 10,000 statements a second; a busy machine slows both."""
    path = write(tmp_path, b"\n".join(GOOD * 60))
    checker = Checker("events")
    checking = min(_cpu_seconds(lambda: checker.check(path)) for _ in range(5))
    reading = min(_cpu_seconds(lambda: [json.loads(line) for line in path.read_bytes().splitlines()]) for _ in range(5))
    assert checking < 10 * reading


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
