"""The examples of the contract as tests take them: those of a kind of drop, and those that are refused."""

import json
from dataclasses import dataclass
from typing import Any

from orchestration.contract.example_files import EXAMPLES, family_examples
from orchestration.contract.vocabulary import EVERY_FAMILY
from orchestration.drop_kinds import DROP_KINDS, has_statements


@dataclass(frozen=True)
class RejectedExample:
    """A line that is refused, and how. `document` is its object, when it has one."""

    kind: str
    reason: str
    path: str
    because: str
    line: bytes
    document: dict[str, Any] | None


def accepted_examples(kind: str) -> list[dict[str, Any]]:
    if has_statements(kind):
        families = (family for family in DROP_KINDS[kind].families if family != EVERY_FAMILY)
        return [statement for family in families for statement in family_examples(family)]
    return [json.loads(line) for line in (EXAMPLES / f"{kind}.ndjson").read_text().splitlines()]


def rejected_examples() -> list[RejectedExample]:
    """As written: an object, or the text of a line that is none, or the bytes of one that is no text."""
    return [
        RejectedExample(
            example["kind"],
            example["reason"],
            example["path"],
            example["because"],
            _line(example),
            example.get("document"),
        )
        for example in json.loads((EXAMPLES / "rejected.json").read_text())
    ]


def _line(example: dict[str, Any]) -> bytes:
    if "hex" in example:
        return bytes.fromhex(example["hex"])
    return (example["line"] if "line" in example else json.dumps(example["document"])).encode()
