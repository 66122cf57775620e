"""Which fields the gate asks for, as SQL over one parse of the line: whether a statement should carry one, and does.

What a field is called where it is sent, and which events should carry it, is said by the contract and the seeds; here
stands only which of them the gate asks for (asked_fields.csv). The answers equal those of `contract.completeness`,
which looks at one statement at a time in Python, but for a part of the statement that is a list where it should be an
object: the typed read takes its first element for the first field.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from orchestration.contract.families import pattern_of
from orchestration.contract.vocabulary import (
    EVERY_FAMILY,
    FamilyEvent,
    Field,
    activity_type_iris,
    events_with,
    paths_of,
    read_events,
    read_fields,
)
from orchestration.drop_kinds import has_statements

ASKED = Path(__file__).with_name("asked_fields.csv")
Paths = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class AskedField:
    """A field that the gate asks for, with conditions on a line of `facts.parsed_lines`."""

    family: str
    field: str
    is_critical: bool
    applies: str
    """Whether the statement should carry it."""
    is_present: str
    paths: Paths
    """What must be read of the line, beside the verb and the type of the object."""

    @property
    def name(self) -> str:
        return f"{self.family}_{self.field}"

    @property
    def is_missing(self) -> str:
        return f"({self.applies} and not {self.is_present})"

    @property
    def meaning(self) -> str:
        return f"{self.family} events without {self.field}" if self.family != EVERY_FAMILY else f"no {self.field}"


@cache
def asked_fields(kind: str) -> tuple[AskedField, ...]:
    """The fields asked for of the lines of a kind of drop; only events have any."""
    if not has_statements(kind):
        return ()
    known, events = {(field.family, field.name): field for field in read_fields()}, read_events()
    with ASKED.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(_asked(known[row["family"], row["field"]], row["severity"] == "critical", events) for row in rows)


def texts(values: Iterable[str]) -> str:
    """A list of texts in SQL."""
    return f"[{', '.join(_text(value) for value in values)}]"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _asked(field: Field, is_critical: bool, events: list[FamilyEvent]) -> AskedField:
    applies = _applies(field, events_with(field, events))
    paths = tuple(path for place in field.sent_as for path in paths_of(place))
    present = f"({' or '.join(_is_present(field.value, path, applies) for path in paths)})"
    return AskedField(field.family, field.name, is_critical, applies, present, paths)


def _applies(field: Field, asked: list[FamilyEvent]) -> str:
    """The statement is one of the events that should carry the field."""
    if field.family == EVERY_FAMILY:
        return "true"
    conditions = []
    for object_type in sorted({event.object_type for event in asked}):
        verbs = [event.verb for event in asked if event.object_type == object_type]
        condition = f"has({texts(verbs)}, verb)"
        if object_type:
            iris = texts(activity_type_iris(object_type.removeprefix("not ")))
            denied = "not " if object_type.startswith("not ") else ""
            condition = f"({condition} and {denied}has({iris}, fact.object.definition.type))"
        conditions.append(condition)
    return f"({' or '.join(conditions)})"


def _is_present(kind: str, path: tuple[str, ...], applies: str) -> str:
    """What is at the path is of the kind; the read text does not tell "true" from true, so a second look does."""
    value, raw = _read(path), f"JSONExtractRaw(json, {', '.join(_text(name) for name in path)})"
    match kind:
        case "boolean":
            return _any_of(f"not startsWith({raw}, '\"')", f"{value} in ('true', 'false')", "line")
        case "text":
            is_odd = f"match({value}, '^(?:true$|false$|[{{[])')"
            return f"({value} != '' and not {_any_of(f"not startsWith({raw}, '\"')", is_odd, 'line')})"
        case "rate":
            is_negative = _any_of(f"startsWith({raw}, '-')", f"startsWith({value}, '-')", "line")
            return f"(match({value}, {_text(pattern_of(kind))}) or {is_negative})"
        case "activities":
            ids = "JSONExtract(json, 'Array(Tuple(id Nullable(String)))')"
            has_ids = f"notEmpty({ids}) and arrayAll(each -> each.1 is not null, {ids})"
            return _any_of(f"if(startsWith(json, '{{'), JSONHas(json, 'id'), {has_ids})", applies, value)
        case "number" | "zoned" | "uuid" | "duration" | "segments":
            return f"match({value}, {_text(pattern_of(kind))})"
    raise ValueError(f"asked_fields.csv: the gate cannot look for a value of the kind {kind!r} at {'.'.join(path)}")


def _any_of(condition: str, when: str, json: str) -> str:
    """The condition on `json`, worked out only for the lines where `when` holds: all branches of an `if` would be."""
    return f"arrayExists(json -> {condition}, arrayFilter(json -> json != '', [if({when}, {json}, '')]))"


def _read(path: tuple[str, ...]) -> str:
    """The value of the path in the parsed line; what stands below `extensions` is read as a map."""
    *parents, name = path
    if parents and parents[-1] == "extensions":
        return f"fact.{'.'.join(parents)}[{_text(name)}]"
    return f"fact.{'.'.join(path)}"


def parsed_as(paths: Iterable[tuple[str, ...]]) -> str:
    """The ClickHouse type that reads all paths of a line at once."""
    tree: dict = {}
    for path in paths:
        parents, name = (path[:-2], "extensions") if path[-2:-1] == ("extensions",) else (path[:-1], path[-1])
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[name] = "Map(String, String)" if name == "extensions" else "String"
    return _tuple(tree)


def _tuple(tree: dict) -> str:
    parts = (f"{name} {_tuple(part) if isinstance(part, dict) else part}" for name, part in tree.items())
    return f"Tuple({', '.join(parts)})"
