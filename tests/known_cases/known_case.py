"""A known case: statements in NDJSON, and beside them what a warehouse must answer about them."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from clickhouse_connect.driver.client import Client

FOLDER = Path(__file__).parent
CLOSE = 1e-9


@dataclass(frozen=True)
class KnownCase:
    """One pair of files. `drops` are the line numbers (from 1) that arrive together, in the order of arriving."""

    name: str
    lines: list[str]
    drops: list[list[int]]
    expected: list[dict]

    def drop(self, number: int) -> list[str]:
        """The lines of a drop; none where the case has fewer."""
        return [self.lines[line - 1] for line in self.drops[number]] if number < len(self.drops) else []

    def statements_of(self, learner: str) -> list[str]:
        """Ids of what a learner (the name of an account) sent."""
        sent = [json.loads(line) for line in self.lines]
        ids = sorted({statement["id"] for statement in sent if statement["actor"]["account"]["name"] == learner})
        assert ids, f"{self.name}: {learner} sent nothing, so that nothing could be wrong about them"
        return ids


def read_cases() -> list[KnownCase]:
    cases_read = []
    for path in sorted(FOLDER.glob("*.ndjson")):
        told = json.loads(path.with_suffix(".json").read_text())
        cases_read.append(KnownCase(path.stem, path.read_text().splitlines(), told["drops"], told["expected"]))
    return cases_read


def check(client: Client, database: str, case: KnownCase, expected: dict) -> list[str]:
    """What one expectation finds wrong, in words."""
    conditions, parameters = _conditions(case, database, expected["where"])
    table = f"{database}.{expected['mart']}"
    asked = f"{table} where {conditions}"
    if "count" in expected:
        return _unlike("rows", client.query(f"select count() from {asked}", parameters).result_rows[0][0], expected)
    if "count_by" in expected:
        ((column, wanted),) = expected["count_by"].items()
        rows = client.query(f"select {column}, count() from {asked} group by {column}", parameters).result_rows
        return [] if dict(rows) == wanted else [f"{expected['mart']}: rows by {column} {dict(rows)}, expected {wanted}"]
    columns = list(expected["expect"])
    rows = client.query(f"select {', '.join(columns)} from {asked}", parameters).result_rows
    if len(rows) != 1:
        return [f"{expected['mart']}: {len(rows)} rows where {expected['where']}, expected one"]
    return [
        f"{expected['mart']}.{column} is {value}, expected {expected['expect'][column]}"
        for column, value in zip(columns, rows[0], strict=True)
        if not _alike(value, expected["expect"][column])
    ]


def _unlike(what: str, count: int, expected: dict) -> list[str]:
    return [] if count == expected["count"] else [f"{expected['mart']}: {count} {what}, expected {expected['count']}"]


def _conditions(case: KnownCase, database: str, where: dict) -> tuple[str, dict]:
    """SQL of a condition. Learners are pseudonyms: the sender of these statements is meant."""
    parts, parameters = [], {}
    for number, (column, value) in enumerate(where.items()):
        name = f"value_{number}"
        if column == "learner":
            sent = (
                f"select learner_id from {database}.fct_learning_events where statement_id in {{{name}:Array(String)}}"
            )
            parts.append(f"learner_id in ({sent})")
            parameters[name] = case.statements_of(value)
        elif isinstance(value, list):
            parts.append(f"{column} in {{{name}:Array(String)}}")
            parameters[name] = value
        else:
            kind = "Date" if column.endswith("_week") else "Int64" if isinstance(value, int) else "String"
            parts.append(f"{column} = {{{name}:{kind}}}")
            parameters[name] = value
    return " and ".join(parts), parameters


def _alike(actual: object, wanted: object) -> bool:
    if isinstance(actual, datetime):
        aware = actual if actual.tzinfo else actual.replace(tzinfo=UTC)
        return aware == datetime.fromisoformat(str(wanted))
    if isinstance(actual, Decimal | float) and wanted is not None:
        return abs(float(actual) - float(wanted)) <= CLOSE
    return actual == wanted


def drop_count(cases: list[KnownCase]) -> int:
    return max(len(case.drops) for case in cases)


def lines_by_drop(cases: list[KnownCase]) -> dict[int, list[str]]:
    """All cases together: drop → its lines."""
    by_drop: defaultdict[int, list[str]] = defaultdict(list)
    for case in cases:
        for number in range(drop_count(cases)):
            by_drop[number] += case.drop(number)
    return by_drop
