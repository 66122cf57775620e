"""What staging makes of a statement, case by case: refused with which reason, flagged with what, read as what.

`statements/*.yml` hold the cases by part of a statement: what they say instead of USUAL, or `absent`, and what several
of them have in common. All of them are one query: of a unit test of dbt each would be two, and the engine takes a
second to plan the model.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from clickhouse_connect.driver.client import Client

from orchestration.drop_kinds import DROP_KINDS
from orchestration.expectations.staging import render_model

SEEDS = {
    "xapi_verbs": ("verb_iri", "verb", {"http://adlnet.gov/expapi/verbs/voided": "voided"}),
    "activity_types": (
        "activity_type_iri",
        "activity_type",
        {"iri:course": "course", "iri:module": "module", "iri:attempted": "attempt"},
    ),
    "xapi_extensions": (
        "extension_iri",
        "field",
        {
            "iri:attempt": "attempt_number_reported",
            "iri:from": "position_from_seconds",
            "iri:length": "content_length_seconds",
            "iri:percent": "progress_percent",
            "iri:progress": "progress_ratio",
            "iri:session": "player_session_id",
            "iri:speed": "playback_rate",
            "iri:time": "position_seconds",
        },
    ),
}
USUAL = {
    "id": "00000000-0000-4000-8000-000000000001",
    "actor": {"mbox": "mailto:anna@example.org"},
    "verb": {"id": "iri:played"},
    "object": {"id": "iri:video"},
    "timestamp": "2026-01-05T10:00:00Z",
}
COLUMNS = ["load_id", "object_id", "object_key", "source", "line_number", "line", "reject", "delivered_at", "loaded_at"]
DELIVERED_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Sentence(NamedTuple):
    """A sentence about staging, and the cases that show it: lines, and what columns of their rows must be."""

    name: str
    cases: list[dict]


def read_tests() -> Iterator[Sentence]:
    for path in sorted((Path(__file__).parent / "statements").glob("*.yml")):
        for told in yaml.load(path.read_text(), yaml.CSafeLoader):
            cases = [
                {"line": as_line(parts), "expect": group["expect"]}
                for group in told["cases"]
                for parts in group["statements"]
            ]
            yield Sentence(f"{path.stem}-{told['test']}", cases)


def as_line(parts: dict) -> str:
    """The usual statement with these parts instead of its own; one that is `absent` is left out."""
    statement = {name: part for name, part in (USUAL | parts).items() if part != "absent"}
    return json.dumps(statement, ensure_ascii=False, separators=(",", ":"))


TESTS = list(read_tests())


def tables() -> dict[str, str]:
    """What stands for the tables that the model reads: every test is an object that is live, seeds are as above."""
    states = "(select load_id, object_id, 1 as is_live from raw.event_lines group by load_id, object_id)"
    key = "(select 'learner_id_key' as name, 'secret' as value, now64(3, 'UTC') as set_at)"
    tables_by_name = {"int_object_states": states, "ops.keys": key}
    for name, (iri, meaning, rows) in SEEDS.items():
        pairs = ", ".join(f"{pair}" for pair in rows.items())
        tables_by_name[name] = (
            f"(select pair.1 as {iri}, pair.2 as {meaning} from (select arrayJoin([{pairs}]) as pair))"
        )
    return tables_by_name


@pytest.fixture(scope="module")
def staged(warehouse: Client) -> dict[str, dict[int, dict]]:
    """Test → line number → the row that staging makes of the line."""
    rows = [
        ["L", test.name, "events/web/a.ndjson", "web", number, case["line"], "", DELIVERED_AT, DELIVERED_AT]
        for test in TESTS
        for number, case in enumerate(test.cases, 1)
    ]
    warehouse.insert("raw.event_lines", rows, column_names=COLUMNS)
    model = render_model(DROP_KINDS["events"].staging_path, tables())
    rows_by_test: dict[str, dict[int, dict]] = {test.name: {} for test in TESTS}
    columns = sorted({column for test in TESTS for case in test.cases for column in case["expect"]})
    query = f"select object_id, line_number, {', '.join(columns)} from ({model.sql})"
    for row in warehouse.query(query, settings=dict(model.settings)).named_results():
        assert row["line_number"] not in rows_by_test[row["object_id"]], "a line has two rows"
        rows_by_test[row["object_id"]][row["line_number"]] = row
    return rows_by_test


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_staging_reads_a_statement_as_told(staged: dict[str, dict[int, dict]], test: Sentence):
    rows = staged[test.name]
    assert len(rows) == len(test.cases)
    unlike = [
        f"{case['line']}\n  {column} is {actual!r}, expected {wanted!r}"
        for number, case in enumerate(test.cases, 1)
        for column, wanted in case["expect"].items()
        if not is_alike(actual := rows[number][column], wanted)
    ]
    assert not unlike, "\n".join(unlike)


def is_alike(actual: object, wanted: object) -> bool:
    if isinstance(actual, datetime):
        aware = actual if actual.tzinfo else actual.replace(tzinfo=UTC)
        return aware == datetime.fromisoformat(str(wanted)).replace(tzinfo=UTC)
    return actual == wanted


def test_every_case_tells_something():
    assert [test.name for test in TESTS if not all(case["expect"] for case in test.cases)] == []
    assert sum(len(test.cases) for test in TESTS) > 400
