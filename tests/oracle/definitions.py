"""The project's thresholds and vocabulary, as the oracle needs them: names of IRIs come from the seeds."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[2]
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
WEEK = 7 * DAY


@cache
def threshold(name: str) -> float:
    """A var of the project."""
    return yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"][name]


@cache
def seed(name: str, key: str, value: str) -> dict[str, str]:
    """One column of a seed by another."""
    with (PROJECT / "seeds" / f"{name}.csv").open(newline="") as file:
        return {row[key]: row[value] for row in csv.DictReader(file)}


def verb_of(iri: str) -> str:
    return seed("xapi_verbs", "verb_iri", "verb").get(iri, "other")


def verb_group_of(iri: str) -> str:
    return seed("xapi_verbs", "verb_iri", "verb_group").get(iri, "other")


def activity_type_of(iri: str) -> str:
    return seed("activity_types", "activity_type_iri", "activity_type").get(iri, "other")


def extension_iris(field: str) -> list[str]:
    """Every IRI under which senders tell the field, the profile's own first."""
    return [iri for iri, name in seed("xapi_extensions", "extension_iri", "field").items() if name == field]


def extension_iri(field: str) -> str:
    return extension_iris(field)[0]


def arrival_of(told: str, verb_group: str) -> str:
    """Our name of a way to arrive; a number is the place of the unit that was clicked, where the verb navigates."""
    if verb_group == "navigation" and told.isdigit():
        told = "#"
    spellings = seed("arrival_types", "arrival_type", "spellings")
    return next((name for name, other in spellings.items() if told and told in (name, *other.split("; "))), "unknown")


@dataclass(frozen=True)
class Line:
    """One line of a drop: where it came from, when the object arrived (milliseconds since 1970), and its text.

    `name` is what the warehouse calls a statement that came without an id: a hash, which is its own business.
    """

    source: str
    delivered_at: int
    text: str
    name: str = ""
