"""One JSON Schema per family of events: what its statements should carry beside what every statement must.

Breaking a rule here refuses nothing. Each rule names the field as staging does, how much is lost without it
(`x-importance`), where it is sent (`x-sent-as`), the metrics that break (`x-breaks`) and what to send.
"""

from collections.abc import Sequence

from orchestration.contract.rule_book import read_schema
from orchestration.contract.vocabulary import (
    FamilyEvent,
    Field,
    activity_type_iris,
    events_with,
    paths_of,
    read_events,
    read_fields,
    verb_iris,
)
from orchestration.drop_kinds import DROP_KINDS

TITLES = {family: title for kind in DROP_KINDS.values() for family, title in kind.families.items()}
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_VALUES = {
    "text": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "number"}]},
    "number": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": _NUMBER}]},
    "rate": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^([0-9]+|[0-9]*\.[0-9]+)"}]},
    "score": {"type": "number", "minimum": -1, "maximum": 1},
    "boolean": {"type": "boolean"},
    "duration": read_schema("details")["$defs"]["duration"],
    "segments": {"type": "string", "pattern": r"^[0-9.]+\[\.\][0-9.]+(\[,\][0-9.]+\[\.\][0-9.]+)*$"},
    "zoned": {"type": "string", "pattern": r"([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$"},
    "uuid": {"$ref": "statement.schema.json#/$defs/uuid"},
    "names": {"type": "object", "minProperties": 1},
    "activities": {
        "anyOf": [
            {"type": "object", "required": ["id"]},
            {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["id"]}},
        ]
    },
}


def pattern_of(value: str) -> str:
    """The regular expression that a text of this kind of value must match."""
    if value == "uuid":
        return read_schema("statement")["$defs"]["uuid"]["pattern"]
    schema = _VALUES[value]
    return next(option["pattern"] for option in (schema, *schema.get("anyOf", [])) if "pattern" in option)


def family_schemas() -> dict[str, dict]:
    """File name → schema of a family, `every` first; lines of other kinds are families of their own."""
    events, fields = read_events(), read_fields()
    return {f"fields_{family}.schema.json": _family_schema(family, events, fields) for family in TITLES}


def _family_schema(family: str, events: list[FamilyEvent], fields: list[Field]) -> dict:
    members = {event.verb: event for event in events if event.family == family}
    return {
        "$id": f"fields_{family}.schema.json",
        "title": f"{TITLES[family]}: what to send beside what is needed",
        "x-family": family,
        "allOf": [_rule(field, events) for field in fields if field.family == family],
        "$defs": {verb: _is_event(event) for verb, event in members.items()},
    }


def _rule(field: Field, events: list[FamilyEvent]) -> dict:
    rule = {
        "x-field": field.name,
        "x-importance": field.importance,
        "x-sent-as": [place for sent_as in field.sent_as for place in _shown(sent_as)],
        "x-breaks": list(field.breaks),
        "description": field.advice,
    }
    present = _any_of([_present(place, field.value) for sent_as in field.sent_as for place in paths_of(sent_as)])
    if field.value == "course":
        present = _names_course()
    carriers = events_with(field, events)
    if not carriers:
        return rule | present
    return rule | {"if": {"anyOf": [{"$ref": f"#/$defs/{event.verb}"} for event in carriers]}, "then": present}


def _is_event(event: FamilyEvent) -> dict:
    """Whether a statement is this event of the family."""
    verb = _at(["verb", "id"], {"enum": verb_iris(event.verb)})
    if not event.object_type:
        return verb
    is_type = _at(["object", "definition", "type"], {"enum": activity_type_iris(event.activity_type)})
    return {"allOf": [verb, {"not": is_type} if event.is_on_other_types else is_type]}


def _shown(sent_as: str) -> list[str]:
    return [
        ".".join(path) if "[" not in sent_as else f"{'.'.join(path[:-1])}[{path[-1]}]" for path in paths_of(sent_as)
    ]


def _present(path: Sequence[str], value: str) -> dict:
    return _at(path, _VALUES.get(value, {}))


def _names_course() -> dict:
    """The statement is about a course, or names one among its parents and groupings."""
    is_course = _at(["definition", "type"], {"enum": activity_type_iris("course")})
    in_context = {"anyOf": [is_course, {"type": "array", "contains": is_course}]}
    places = [_at(["context", "contextActivities", relation], in_context) for relation in ("parent", "grouping")]
    return {"anyOf": [_at(["object"], is_course), *places]}


def _any_of(schemas: list[dict]) -> dict:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _at(path: Sequence[str], schema: dict) -> dict:
    """What is at the path is there and fits the schema."""
    for name in reversed(path):
        schema = {"type": "object", "required": [name], "properties": {name: schema}}
    return schema
