"""What `warehouse check` says before a file is sent is what staging says after."""

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestration.contract.completeness import Completeness, Recommendation
from orchestration.contract.lines import parse_line
from orchestration.contract.rules import Details, LineJudge
from orchestration.drop_kinds import DROP_KINDS
from tests.orchestration.contract.conftest import DELIVERED_AT
from tests.orchestration.contract.examples import accepted_examples, rejected_examples
from tests.orchestration.contract.mutants import (
    LINES_OF_KIND,
    awkward_statements,
    statements,
)
from tests.orchestration.contract.test_details import FAULTS, GOOD

# What staging fills in when it is not sent.
STAND_INS = {
    "module_id": ["module_id", "parent_activity_id"],
    "expected_seconds": ["expected_seconds", "length_seconds", "word_count"],
}
"""Fields of the catalogue for which another does as well → the columns of all of them."""
NEVER_EMPTY = {"statement_id", "timestamp_quality"}


def verdicts(kind: str, documents: list[Any]) -> list[str]:
    judge = LineJudge(kind, DELIVERED_AT)
    return [fault.reason if (fault := judge.fault(read_back(document))) else "" for document in documents]


def read_back(document: dict[str, Any]) -> dict[str, Any]:
    """The document as the check reads it from its line."""
    return parse_line(1, json.dumps(document).encode()).document


def differences(staging_rows, kind: str, documents: list[Any]) -> list[tuple[str, str, str]]:
    """(line, staging's reason, ours) where they differ."""
    lines = [json.dumps(document) for document in documents]
    reasons = [row["quarantine_reason"] for row in staging_rows(kind, lines)]
    return [triple for triple in zip(lines, reasons, verdicts(kind, documents), strict=True) if triple[1] != triple[2]]


@pytest.mark.parametrize("kind", DROP_KINDS)
def test_the_examples_get_the_same_verdict_from_staging(staging_rows, kind: str):
    bad = [example.document for example in rejected_examples() if example.kind == kind and example.document]
    assert differences(staging_rows, kind, [*accepted_examples(kind), *bad]) == []


def test_awkward_statements_get_the_same_verdict_from_staging(staging_rows):
    assert differences(staging_rows, "events", awkward_statements()) == []


def drawn(strategy: st.SearchStrategy[dict], example_count: int) -> list[dict]:
    """Documents by the hundred, the same every time. One query judges all of them, for to plan it takes longer than to
    judge a thousand; nothing is made smaller when they differ, because what differs is shown alone."""
    drawn_documents: list[dict] = []

    @settings(
        max_examples=example_count,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.lists(strategy, min_size=60, max_size=100))
    def collect(documents: list[dict]) -> None:
        drawn_documents.extend(documents)

    collect()
    return drawn_documents


@pytest.mark.parametrize("kind", DROP_KINDS)
def test_damaged_lines_get_the_same_verdict_from_staging(staging_rows, kind: str):
    assert differences(staging_rows, kind, drawn(LINES_OF_KIND[kind](), 12)) == []


def test_what_staging_flags_is_flagged_before(staging_rows):
    """The check looks deeper than staging, which takes a context that is no object for none, and a result that is a
    text of JSON for the result."""
    details, documents = Details("events"), drawn(statements(), 10)
    rows = staging_rows("events", [json.dumps(document) for document in documents])
    for row, document in zip(rows, documents, strict=True):
        is_encoded_twice = isinstance(document.get("result"), str)
        if row["quarantine_reason"] == "" and not is_encoded_twice:
            flag_names = {flag.name for flag in details.flags(read_back(document))}
            assert set(row["flags"]) <= flag_names, document


def test_staging_gives_the_flags_of_the_check(staging_rows):
    rows = staging_rows("events", [json.dumps(GOOD | parts) for parts, _, _ in FAULTS])
    told = [(parts, row["flags"]) for (parts, _, _), row in zip(FAULTS, rows, strict=True)]
    assert told == [(parts, [flag]) for parts, flag, _ in FAULTS]


@pytest.mark.parametrize("kind", DROP_KINDS)
def test_a_field_is_missing_where_staging_has_none(staging_rows, kind: str):
    """Each field of each example: staging reads it where the contract says that it is sent, and nowhere else."""
    completeness = Completeness(kind)
    full, without, fields = [], [], []
    for document in accepted_examples(kind):
        for asked in completeness.gaps(document)[0]:
            shortened = left_out(document, asked)
            if asked.field not in NEVER_EMPTY and shortened is not None:
                full, without, fields = [*full, document], [*without, shortened], [*fields, asked]
    assert [
        asked.field
        for asked, document in zip(fields, without, strict=True)
        if asked not in completeness.gaps(document)[1]
    ] == []
    assert empty_fields(staging_rows, kind, full, fields) == []
    assert len(empty_fields(staging_rows, kind, without, fields)) == len(fields)


def left_out(document: dict[str, Any], asked: Recommendation) -> dict[str, Any] | None:
    """The document without the field, wherever it could be sent; None when it is told by something else."""
    if asked.field == "course_id" and "course" in json.dumps(document.get("object", "")):
        return None
    shortened = copy.deepcopy(document)
    for sent_as in asked.sent_as:
        path, iri = re.fullmatch(r"([^\[]*)(?:\[(.*)\])?", sent_as).groups()
        names = [*path.split("."), *([iri] if iri else [])]
        container = shortened
        for name in names[:-1]:
            container = container.get(name, {})
        container.pop(names[-1], None)
    return shortened


def empty_fields(staging_rows, kind: str, documents: list[dict], fields: list[Recommendation]) -> list[str]:
    rows = staging_rows(kind, [json.dumps(document) for document in documents])
    return [
        asked.field
        for asked, row in zip(fields, rows, strict=True)
        if all(row[column] in (None, "") for column in STAND_INS.get(asked.field, [asked.field]))
    ]
