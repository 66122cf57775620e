"""What accepted statements lack: fields that their family of events should carry.

Which rules apply to a statement hangs on its verb and its activity's type alone, so they are found once for each pair;
then one validator of just those rules looks at every statement of the pair.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema_rs import Draft202012Validator

from orchestration.contract.rule_book import read_schema, validator
from orchestration.drop_kinds import DROP_KINDS

MAX_PAIRS = 10_000
"""A file has some dozens of (verb, type) pairs; more than this many are faulty ids, and are looked at one by one."""


@dataclass(frozen=True, eq=False)
class Recommendation:
    """A field that the events of a family should carry; equal to itself only, so that counting by it is cheap."""

    family: str
    field: str
    importance: str
    sent_as: tuple[str, ...]
    breaks: tuple[str, ...]
    advice: str


class Completeness:
    """The rules of all families of a kind of drop."""

    def __init__(self, kind: str) -> None:
        self._rules = [(_recommendation(schema, rule), schema, rule) for schema, rule in _rules(kind)]
        self._conditions = [
            _compiled({"$defs": schema.get("$defs", {}), **rule.get("if", {})}) for _, schema, rule in self._rules
        ]
        self._found: dict[tuple[str, str], tuple[list[Recommendation], Draft202012Validator]] = {}

    def gaps(self, statement: dict[str, Any]) -> tuple[list[Recommendation], list[Recommendation]]:
        """The recommendations that apply to the statement, and those of them that it does not follow."""
        applicable, together = self._applicable(statement)
        if together.is_valid(statement):
            return applicable, []
        numbers = {error.evaluation_path[1] for error in together.iter_errors(statement)}
        return applicable, [applicable[number] for number in sorted(numbers)]

    def _applicable(self, statement: dict[str, Any]) -> tuple[list[Recommendation], Draft202012Validator]:
        verb, activity_type = _verb_and_type(statement)
        known = self._found.get((verb, activity_type))
        if known is not None:
            return known
        sample = {"verb": {"id": verb}, "object": {"definition": {"type": activity_type}}}
        rules = [
            (recommendation, _asked(rule))
            for (recommendation, schema, rule), condition in zip(self._rules, self._conditions, strict=True)
            if condition.is_valid(sample)
        ]
        rules_of_pair = (
            [recommendation for recommendation, _ in rules],
            _compiled({"allOf": [schema for _, schema in rules]}),
        )
        if len(self._found) < MAX_PAIRS:
            self._found[verb, activity_type] = rules_of_pair
        return rules_of_pair


def _rules(kind: str) -> Iterator[tuple[dict, dict]]:
    for family in DROP_KINDS[kind].families:
        schema = read_schema(f"fields_{family}")
        for rule in schema["allOf"]:
            yield schema, rule


def _asked(rule: dict) -> dict:
    """What the rule asks for, its condition left out."""
    return rule["then"] if "if" in rule else {key: value for key, value in rule.items() if not key.startswith("x-")}


def _recommendation(schema: dict, rule: dict) -> Recommendation:
    return Recommendation(
        schema["x-family"],
        rule["x-field"],
        rule["x-importance"],
        tuple(rule["x-sent-as"]),
        tuple(rule["x-breaks"]),
        rule["description"],
    )


def _compiled(schema: dict) -> Draft202012Validator:
    return validator({"$id": "rules.schema.json", **schema})


def _verb_and_type(document: dict[str, Any]) -> tuple[str, str]:
    """Of an accepted statement, whose object may be anything inside; empty for other lines."""
    verb, thing = document.get("verb"), document.get("object")
    definition = thing.get("definition") if isinstance(thing, dict) else None
    texts = (part.get(name) if isinstance(part, dict) else None for part, name in ((verb, "id"), (definition, "type")))
    verb_iri, activity_type = (text if isinstance(text, str) else "" for text in texts)
    return verb_iri, activity_type
