"""The contract as a page for people who build a player: made from the schemas, the fields and the examples."""

import json
from collections.abc import Iterable

from orchestration.contract.example_files import family_examples
from orchestration.contract.families import TITLES, family_schemas
from orchestration.contract.forms import ENDINGS
from orchestration.contract.json_text import to_text
from orchestration.contract.lines import OWN_REASONS
from orchestration.contract.rule_book import read_schema
from orchestration.contract.rules import LINE_RULES
from orchestration.contract.vocabulary import (
    OPTIONAL,
    FamilyEvent,
    quarantine_reasons,
    read_events,
    read_fields,
    statement_flags,
)
from orchestration.drop_kinds import DROP_KINDS

_HEAD = """\
# The event contract

What the warehouse accepts, what it refuses and why, and what it can only work out when senders say it. Made from the
schemas and examples in this folder by `python -m orchestration.generate`; do not edit.

Check a file before it is sent:

```
uv run warehouse check events.ndjson.gz
uv run warehouse check --kind catalog catalog.ndjson
uv run warehouse check --strict --json - < events.ndjson    # in the CI of the sending app
```

A file is text in UTF-8: one statement per line, a JSON array, or the answers of a record store,
`{"statements": […], "more": …}`; it may be packed with gzip or zstd. Blank lines are no lines. UTF-16, tables and
archives are not read. The name ends in {endings}.

A statement follows xAPI 1.0.3 or 2.0. It is refused when it does not say who, what, to what or when, or when one of its
ids, its time or its version is malformed; nothing else in it is a reason to refuse it. A refused line does not hold up
the others, unless so many of a file are refused that the gate holds it.
"""


def contract_page() -> str:
    """The whole page."""
    return "\n".join(
        [
            _HEAD.replace("{endings}", ENDINGS),
            _reasons(),
            _flags(),
            *(
                _family(family) if kind.has_statements else _other_lines(family)
                for kind in DROP_KINDS.values()
                for family in kind.families
            ),
        ]
    )


def _reasons() -> str:
    details = quarantine_reasons()
    rows = [(reason, details[reason], advice) for reason, advice in LINE_RULES.items()]
    for schema in (read_schema(kind.schema) for kind in DROP_KINDS.values()):
        known = {row[0] for row in rows}
        rules = [rule for rule in schema["allOf"] if rule["x-reason"] not in known]
        rows += [(rule["x-reason"], details[rule["x-reason"]], rule["description"]) for rule in rules]
    rows += [(reason, details[reason], "The sender is not at fault.") for reason in OWN_REASONS]
    table = _table(("Reason", "Meaning", "What to send"), [(f"`{row[0]}`", *row[1:]) for row in rows])
    schemas = ", ".join(f"[{kind.name}](schemas/{kind.schema}.schema.json)" for kind in DROP_KINDS.values())
    return (
        f"## Why a line is refused\n\nThe first rule that is broken gives the reason. Schemas: {schemas}. One example "
        f"for each reason: [examples/rejected.json](examples/rejected.json).\n\n{table}"
    )


def _flags() -> str:
    rules, details = read_schema("details")["allOf"], statement_flags()
    rows = [(f"`{rule['x-flag']}`", details[rule["x-flag"]], rule["description"]) for rule in rules]
    return (
        "\n## What is accepted with a flag\n\nThe rest of a statement, as the specification has it "
        "([schema](schemas/details.schema.json)). What breaks it is not used.\n\n"
        f"{_table(('Flag', 'Meaning', 'What to send'), rows)}"
    )


def _family(family: str) -> str:
    events = [event for event in read_events() if event.family == family]
    verbs = [f"`{event.verb}`{f' ({event.object_type})' if event.object_type else ''}" for event in events]
    verbs_line = f"Verbs: {', '.join(verbs)}.\n\n" if verbs else ""
    example = f"\n{_example(family)}" if verbs else ""
    return f"\n## {TITLES[family]}\n\n{verbs_line}{_needed_verbs(events)}{_fields(family)}{example}"


def _needed_verbs(events: list[FamilyEvent]) -> str:
    """The verbs without which a number breaks; nothing when the family has none."""
    rows = [
        (f"`{event.verb}`", event.importance, event.advice, _names(event.breaks))
        for event in events
        if event.importance != OPTIONAL
    ]
    return _table(("Verb", "Importance", "When to send it", "Breaks without it"), rows) + "\n" if rows else ""


def _names(breaks: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" if "_" in name else name for name in breaks)


def _fields(family: str) -> str:
    rules = family_schemas()[f"fields_{family}.schema.json"]["allOf"]
    verbs = [field.verbs for field in read_fields() if field.family == family]
    rows = [
        (
            f"`{rule['x-field']}`",
            "all" if names == ("*",) else ", ".join(names),
            rule["x-importance"],
            " or ".join(f"`{place}`" for place in rule["x-sent-as"]),
            rule["description"],
            _names(rule["x-breaks"]),
        )
        for rule, names in zip(rules, verbs, strict=True)
    ]
    return _table(("Field", "Of", "Importance", "Sent as", "What to send", "Breaks without it"), rows)


def _example(family: str) -> str:
    """The longest of the family's examples; the file has one for each verb."""
    longest = max(family_examples(family), key=lambda statement: len(json.dumps(statement)))
    text = to_text(longest)
    return f"Example (all verbs: [examples/{family}.json](examples/{family}.json)):\n\n```json\n{text}```\n"


def _other_lines(family: str) -> str:
    return (
        f"\n## {TITLES[family]}\n\n{_fields(family)}{_optional(family)}\n"
        f"Examples: [examples/{family}.ndjson](examples/{family}.ndjson).\n"
    )


def _optional(family: str) -> str:
    """What may be sent besides, and is missed by no report."""
    described = read_schema(family).get("properties", {}).items()
    return "".join(f"\n`{name}`: {field['description']}\n" for name, field in described)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '\\|') for cell in line)} |\n" for line in lines)
