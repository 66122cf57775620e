"""The rules that refuse a line: the first rule broken, in the schema's order, gives the reason."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator, Registry, ValidationError

from orchestration.contract.moments import read_moment

SCHEMAS = Path(__file__).parent / "schemas"
SCHEMA_OF = {"events": "statement", "catalog": "catalog", "learners": "learners"}
"""Kind of drop → the schema of its lines."""
FUTURE_TOLERANCE = timedelta(minutes=5)
"""As `future_tolerance_minutes` of dbt's vars: a device's clock may be ahead of the delivery by as much."""
LINE_RULES = {
    "not_json": "Write one JSON object per line, in UTF-8, without NaN or trailing commas.",
    "not_object": "Write one JSON object per line: no lists, texts or numbers.",
    "too_long": "Keep a line below 16 MiB.",
    "invalid_utf8": "Write the file in UTF-8.",
}
"""Reasons of lines that are no JSON object, with what to do about them; the schemas have the other reasons."""


@dataclass(frozen=True)
class Rule:
    """A rule of a schema that refuses the lines that break it."""

    reason: str
    title: str
    advice: str
    path: str


@dataclass(frozen=True)
class Fault:
    """Why a line is refused, and where in it."""

    reason: str
    path: str
    advice: str


class Judge:
    """The rules for one kind of drop. `delivered_at` is the moment of delivery, the present by default."""

    def __init__(self, kind: str, delivered_at: datetime | None = None) -> None:
        schema = read_schema(SCHEMA_OF[kind])
        self.rules = [
            Rule(rule["x-reason"], rule["title"], rule["description"], rule.get("x-path", ""))
            for rule in schema["allOf"]
        ]
        self._names = {*_known_names(schema), *_known_names(read_schema("statement"))}
        self._validator = validator(schema, delivered_at or datetime.now(UTC))

    def fault(self, document: dict[str, Any]) -> Fault | None:
        """The first rule that the object breaks; None when it is accepted."""
        if self._validator.is_valid(document):
            return None
        errors = list(self._validator.iter_errors(document))
        first = min(_rule_number(error) for error in errors)
        rule = self.rules[first]
        places = (self._place(error) for error in errors if _rule_number(error) == first)
        path, _ = max(places, key=lambda place: (len(place[0]), place[1]))
        return Fault(rule.reason, pointer(path) or rule.path, rule.advice)

    def _place(self, error: ValidationError) -> tuple[list[str | int], bool]:
        """Where the fault is, what is missing counted as a place, and whether something is there.

        A name that the contract does not know is left out with all below it: it could be anything, an address as well.
        """
        missing = getattr(error.kind, "property", None)
        is_there = not isinstance(missing, str)
        path = [*error.instance_path, *([] if is_there else [missing])]
        return list(takewhile(lambda part: isinstance(part, int) or part in self._names, path)), is_there


@cache
def read_schema(name: str) -> dict[str, Any]:
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


def validator(schema: dict[str, Any], delivered_at: datetime) -> Draft202012Validator:
    """A validator that knows our formats, and the definitions that schemas share."""
    latest = delivered_at + FUTURE_TOLERANCE

    def is_not_future(text: str) -> bool:
        moment = read_moment(text)
        return moment is None or moment <= latest

    return Draft202012Validator(
        schema,
        formats={"xapi-moment": lambda text: read_moment(text) is not None, "xapi-not-future": is_not_future},
        validate_formats=True,
        registry=Registry([("json-schema:///statement.schema.json", read_schema("statement"))]),
        base_uri=f"json-schema:///{schema['$id']}",
    )


def pointer(path: list[str | int]) -> str:
    """RFC 6901."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def _rule_number(error: ValidationError) -> int:
    """Which entry of the schema's `allOf` an error comes from."""
    return error.evaluation_path[1]


def _known_names(schema: Any) -> Iterator[str]:
    """Every property that a schema names."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from schema.get("required", [])
    if isinstance(schema, dict | list):
        for part in schema.values() if isinstance(schema, dict) else schema:
            yield from _known_names(part)
