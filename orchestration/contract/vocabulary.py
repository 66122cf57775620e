"""The words of the contract, from dbt's seeds: verbs, activity types, extensions, families of events and their fields.

What stands there is judged here and counted in the marts alike; the schemas follow when they are regenerated.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SEEDS = HERE.parents[1] / "seeds"
EVERY_FAMILY = "every"
EVERY_VERB = "*"
OPTIONAL = "optional"
"""Importance of a verb that no number waits for."""


@dataclass(frozen=True)
class FamilyEvent:
    """A verb of a family, perhaps only on activities of one type or on all others; what breaks where it never comes."""

    family: str
    verb: str
    object_type: str
    importance: str
    breaks: tuple[str, ...]
    advice: str

    @property
    def is_on_other_types(self) -> bool:
        return self.object_type.startswith("not ")

    @property
    def activity_type(self) -> str:
        return self.object_type.removeprefix("not ")


@dataclass(frozen=True)
class Field:
    """What the events of a family should carry, why, and where it is sent."""

    family: str
    verbs: tuple[str, ...]
    name: str
    importance: str
    value: str
    sent_as: tuple[str, ...]
    breaks: tuple[str, ...]
    advice: str


def read_events() -> list[FamilyEvent]:
    return [
        FamilyEvent(
            row["family"],
            row["verb"],
            row["object_type"],
            row["importance"],
            tuple(row["breaks"].split("; ")),
            row["advice"],
        )
        for row in _rows(SEEDS / "event_families.csv")
    ]


def read_fields() -> list[Field]:
    return [
        Field(
            row["family"],
            tuple(row["verbs"].split()),
            row["field"],
            row["importance"],
            row["value"],
            tuple(row["sent_as"].split()),
            tuple(row["breaks"].split("; ")),
            row["advice"],
        )
        for row in _rows(SEEDS / "event_fields.csv")
    ]


def events_with(field: Field, events: list[FamilyEvent]) -> list[FamilyEvent]:
    """The events that should carry the field; none where every event should, or lines that are no events."""
    return [
        event
        for event in events
        if event.family == field.family and (field.verbs == (EVERY_VERB,) or event.verb in field.verbs)
    ]


def paths_of(place: str) -> list[tuple[str, ...]]:
    """The paths of a place where a field is sent: `result.extensions[field]` is one for each IRI of the field."""
    in_map = re.fullmatch(r"([\w.]+)\[(\w+)\]", place)
    if not in_map:
        return [tuple(place.split("."))]
    return [(*in_map[1].split("."), iri) for iri in extension_iris(in_map[2])]


def verb_iris(verb: str) -> list[str]:
    """Every IRI that senders use for the verb of that name."""
    return [row["verb_iri"] for row in _rows(SEEDS / "xapi_verbs.csv") if row["verb"] == verb]


def verb_names() -> dict[str, str]:
    """IRI → our name, of every verb that we know."""
    return {row["verb_iri"]: row["verb"] for row in _rows(SEEDS / "xapi_verbs.csv")}


def required_verbs() -> dict[str, list[str]]:
    """Source → the verbs that it must send, for the sources that are held to it."""
    rows = _rows(SEEDS / "required_verbs.csv")
    return {source: [row["verb"] for row in rows if row["source"] == source] for source in {r["source"] for r in rows}}


def activity_type_iris(activity_type: str) -> list[str]:
    return [
        row["activity_type_iri"] for row in _rows(SEEDS / "activity_types.csv") if row["activity_type"] == activity_type
    ]


def extension_iris(field: str) -> list[str]:
    return [row["extension_iri"] for row in _rows(SEEDS / "xapi_extensions.csv") if row["field"] == field]


def quarantine_reasons() -> dict[str, str]:
    """Reason → what it says, from the closed list."""
    return {row["reason"]: row["detail"] for row in _rows(SEEDS / "quarantine_reasons.csv")}


def statement_flags() -> dict[str, str]:
    """Flag → what it says, from the closed list."""
    return {row["flag"]: row["detail"] for row in _rows(SEEDS / "statement_flags.csv")}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
