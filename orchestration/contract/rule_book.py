"""A schema as a list of rules: which of them a line breaks, and where in it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator, Registry, ValidationError

from orchestration.contract.moments import read_moment

SCHEMAS = Path(__file__).parent / "schemas"
FUTURE_TOLERANCE = timedelta(minutes=5)
"""As `future_tolerance_minutes` of dbt's vars: a device's clock may be ahead of the delivery by as much."""


class SchemaRules:
    """The entries of a schema's `allOf`. Times are judged as of `delivered_at`, the present by default."""

    def __init__(self, schema: dict[str, Any], delivered_at: datetime | None = None) -> None:
        self.rules: list[dict[str, Any]] = schema["allOf"]
        self._names = {*_known_names(schema), *_known_names(read_schema("statement"))}
        self._validator = validator(schema, delivered_at)

    def broken(self, document: dict[str, Any]) -> dict[int, str]:
        """Number of each rule that the object breaks → JSON pointer to the fault, in the rules' order."""
        if self._validator.is_valid(document):
            return {}
        places: dict[int, tuple[list[str | int], bool]] = {}
        for error in self._validator.iter_errors(document):
            number, place = error.evaluation_path[1], self._place(error)
            places[number] = max(places.get(number, place), place, key=lambda found_at: (len(found_at[0]), found_at[1]))
        return {number: pointer(places[number][0]) or self.rules[number].get("x-path", "") for number in sorted(places)}

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


def validator(schema: dict[str, Any], delivered_at: datetime | None = None) -> Draft202012Validator:
    """A validator that knows our formats, and the definitions that schemas share."""
    latest = (delivered_at or datetime.now(UTC)) + FUTURE_TOLERANCE

    def is_not_future(text: str) -> bool:
        moment = read_moment(text)
        return moment is None or moment <= latest

    return Draft202012Validator(
        schema,
        formats={"xapi-moment": lambda text: read_moment(text) is not None, "xapi-not-future": is_not_future},
        validate_formats=True,
        registry=Registry([("json-schema:///statement.schema.json", read_schema("statement"))]),
        base_uri=f"json-schema:///{schema['$id']}",
        keywords={"x-ascending": Ascending},
    )


class Ascending:
    """The keyword `x-ascending`: the numbers under these names, where they are given, do not fall."""

    def __init__(self, _schema: dict[str, Any], names: list[str], _path: list[str | int]) -> None:
        self._names = names

    def validate(self, instance: Any) -> None:
        given = [instance.get(name) for name in self._names] if isinstance(instance, dict) else []
        numbers = [number for number in given if isinstance(number, int | float)]
        if any(low > high for low, high in pairwise(numbers)):
            raise ValueError


def pointer(path: list[str | int]) -> str:
    """RFC 6901."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def _known_names(schema: Any) -> Iterator[str]:
    """Every property that a schema names."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from schema.get("required", [])
    if isinstance(schema, dict | list):
        for part in schema.values() if isinstance(schema, dict) else schema:
            yield from _known_names(part)
