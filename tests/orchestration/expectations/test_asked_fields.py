"""What SQL says of each field of each statement equals what the contract's own check says in Python."""

import copy
import json
import random
from datetime import UTC, datetime

import pytest

from orchestration.contract.completeness import Completeness
from orchestration.expectations.asked_fields import asked_fields
from orchestration.expectations.facts import parsed_lines, profile_load

DELIVERED_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
COLUMNS = ["load_id", "object_id", "object_key", "source", "line_number", "line", "reject", "delivered_at", "loaded_at"]
VALUES = [
    *(
        "",
        " ",
        "x",
        "true",
        "false",
        "null",
        "{",
        "{}",
        "[1]",
        "[",
        "0",
        "-1.5",
        "+.5",
        "1e3",
        "1.5x",
        " 2",
        "2\n",
        "١",
    ),
    *("PT12.5S", "P1W", "P.5W", "P1DT2H", "PT", "P", "P1D", "PT.5S", "P.5D", "PT1H.5M", "P1DT", "P1Y", "PT1S\n"),
    *("P0Y0M0DT0H0M5S", "P0Y", "P0Y1M", "PT1,5S"),
    *("2026-01-05T10:00:00Z", "2026-01-05T10:00:00+0100", "2026-01-05 10:00:00", "2026-01-05T10:00:00z"),
    *("0[.]12[,]20[.]31", "D1B56153-956F-43E8-BCB3-476D57BC2479", "d1b56153956f43e8bcb3476d57bc2479", 'quo"te\\'),
    *(0, 7, -1.5, 1e300, True, False, None, {}, [], {"a": 1}, [1], ["x"]),
    *({"id": "iri:a"}, {"id": 5}, [{"id": "iri:a"}], [{"id": "iri:a"}, {}], [{}], [{"id": "iri:a"}, 5], [[]]),
]
PARTS = [["result"], ["context"], ["result", "extensions"], ["context", "extensions"], ["context", "contextActivities"]]
PARTS += [["verb", "id"], ["object", "definition"], ["object", "definition", "type"]]
REPLACED_BY = [None, 5, "x", True, {}]
"""No lists: the typed read takes them for objects, as the module says."""


def changed(statement: dict, path: list[str], value: object) -> dict:
    """A copy with the value at the path."""
    result = copy.deepcopy(statement)
    place = result
    for name in path[:-1]:
        if not isinstance(place.get(name), dict):
            place[name] = {}
        place = place[name]
    place[path[-1]] = value
    return result


def without(statement: dict, path: list[str]) -> dict:
    result = changed(statement, path, None)
    place = result
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return result


def variants(examples: dict[str, list[dict]]) -> list[dict]:
    """Each example with each place filled with each value, or left out; and some with several changes at once."""
    statements = [statement for family in examples.values() for statement in family]
    paths = [list(path) for field in asked_fields("events") for path in field.paths]
    varied = list(statements)
    for statement in statements:
        varied += [changed(statement, path, value) for path in paths for value in VALUES]
        varied += [changed(statement, path, value) for path in PARTS for value in REPLACED_BY]
        varied += [without(statement, path) for path in paths + PARTS]
    dice = random.Random(7)
    for _ in range(4_000):
        statement = dice.choice(statements)
        for _ in range(3):
            statement = changed(statement, dice.choice(paths), dice.choice(VALUES))
        varied.append(statement)
    return varied


@pytest.fixture(scope="module")
def delivered(warehouse, examples) -> list[dict]:
    """The variants, in raw as one object."""
    statements = variants(examples)
    rows = [
        ["L", "O", "a", "web", number, json.dumps(line, ensure_ascii=False), "", DELIVERED_AT, DELIVERED_AT]
        for number, line in enumerate(statements)
    ]
    warehouse.insert("raw.event_lines", rows, column_names=COLUMNS)
    return statements


@pytest.fixture(scope="module")
def by_contract(delivered) -> list[list[tuple[bool, bool]]]:
    """Per statement and field: (should carry it, does not), as the contract's check says."""
    contract, asked = Completeness("events"), [(field.family, field.field) for field in asked_fields("events")]
    result = []
    for statement in delivered:
        applicable, missing = ({(gap.family, gap.field) for gap in gap} for gap in contract.gaps(statement))
        result.append([(name in applicable, name in missing) for name in asked])
    return result


def test_each_statement_is_seen_as_the_contract_sees_it(warehouse, delivered, by_contract) -> None:
    fields = asked_fields("events")
    conditions = ", ".join(f"({field.applies}, {field.is_missing})" for field in fields)
    rows = warehouse.query(
        f"select [{conditions}] from ({parsed_lines('events', 'raw.event_lines', "object_id = 'O'")}) "
        "order by line_number",
        settings={"short_circuit_function_evaluation": "disable"},
    ).result_rows
    wrong = [
        (fields[place].name, seen, expected[place], json.dumps(statement))
        for (counted,), expected, statement in zip(rows, by_contract, delivered, strict=True)
        for place, seen in enumerate(counted)
        if tuple(map(bool, seen)) != expected[place]
    ]
    assert wrong[:5] == []
    assert len(wrong) == 0


def test_the_profile_has_the_sums(warehouse, by_contract) -> None:
    profile_load(warehouse, "L", "events", "raw.event_lines")
    [(applicable, missing)] = warehouse.query(
        "select applicable_counts, missing_counts from ops.object_profiles where load_id = 'L'"
    ).result_rows
    names = [field.name for field in asked_fields("events")]
    assert applicable == {name: sum(counts[i][0] for counts in by_contract) for i, name in enumerate(names)}
    assert missing == {name: sum(counts[i][1] for counts in by_contract) for i, name in enumerate(names)}
    assert all(0 < missing[name] < applicable[name] for name in names)
