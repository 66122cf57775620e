"""The rules that refuse a line, and those that leave a part of an accepted one unused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestration.contract.lines import WRAPPERS, wrapping_reason
from orchestration.contract.rule_book import SchemaRules, read_schema
from orchestration.drop_kinds import DROP_KINDS, has_statements

LINE_RULES = {
    "not_json": "Write one JSON object per line, in UTF-8, without NaN or trailing commas.",
    "not_object": "Write one JSON object per line: no lists, texts or numbers.",
    "too_long": "Keep a line below 16 MiB.",
    "invalid_utf8": "Write the file in UTF-8.",
    "null_statement": "Write a statement into every row of a Parquet file.",
    **{
        wrapping_reason(key): f"Write the statement itself: what is under `{key}`, without the object around it."
        for key in WRAPPERS
    },
    wrapping_reason("statements"): (
        'A file of nothing but answers, `{"statements": [{…}, …]}`, is read as the statements in them; this one has '
        "something else as well. Write the statements themselves, one per line."
    ),
}
"""Reasons that the load gives, with what to do about them; the schemas have those that staging gives."""


@dataclass(frozen=True)
class BrokenRule:
    """Why a line is refused, and where in it."""

    reason: str
    path: str
    advice: str


@dataclass(frozen=True)
class Flag:
    """A fault that does not keep a line from being accepted."""

    name: str
    advice: str


class LineJudge:
    """The rules for one kind of drop."""

    def __init__(self, kind: str, delivered_at: datetime | None = None) -> None:
        self._book = SchemaRules(read_schema(DROP_KINDS[kind].schema), delivered_at)
        self.reasons = {rule["x-reason"] for rule in self._book.rules}

    def fault(self, document: dict[str, Any]) -> BrokenRule | None:
        """The first rule that the object breaks, in the schema's order; None when it is accepted."""
        for number, path in self._book.broken(document).items():
            rule = self._book.rules[number]
            return BrokenRule(rule["x-reason"], path, rule["description"])
        return None


class Details:
    """What is looked at of an accepted statement beside who, what, to what and when; nothing of other lines."""

    def __init__(self, kind: str) -> None:
        self._book = SchemaRules(read_schema("details")) if has_statements(kind) else None
        rules = self._book.rules if self._book else []
        self._flags = [Flag(rule["x-flag"], rule["description"]) for rule in rules]

    def flags(self, document: dict[str, Any]) -> dict[Flag, str]:
        """Flag → JSON pointer to the fault."""
        broken = self._book.broken(document) if self._book else {}
        return {self._flags[number]: path for number, path in broken.items()}
