"""The kinds of drops, one entry each. The load, the gate, the contract, retention and the commands go by these entries.

docs/how-to-change-things.md says what a new kind needs besides, and tests/architecture/test_newcomers.py names what it
lacks.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class DropKind:
    """What tells one kind of drop from another."""

    name: str
    """The folder of the lake that holds its drops, and `kind` in the ledger."""
    raw_table: str
    """Keeps the lines. The load makes it as it makes that of every kind."""
    staging_model: str
    """Says of each line whether it is refused, and why."""
    families: Mapping[str, str]
    """The families of its lines in seeds/event_fields.csv, each with its heading in the contract."""
    has_statements: bool = False
    """Its lines are xAPI statements, in a folder per source; those of other kinds are lists in one folder."""
    retention_var: str = ""
    """The var of dbt_project.yml that says how long lines are kept; empty: they name no learner, and are kept."""

    @property
    def prefix(self) -> str:
        """The watched prefix of the lake."""
        return f"{self.name}/"

    @property
    def schema(self) -> str:
        """The schema of its lines, in orchestration/contract/schemas."""
        return "statement" if self.has_statements else self.name

    @property
    def staging_path(self) -> str:
        """The staging model's file in the project."""
        folder = self.staging_model.partition("__")[0].removeprefix("stg_")
        return f"models/staging/{folder}/{self.staging_model}.sql"


DROP_KINDS = {
    kind.name: kind
    for kind in (
        DropKind(
            name="events",
            raw_table="raw.event_lines",
            staging_model="stg_xapi__statements",
            families={
                "every": "Every event",
                "video": "Video",
                "assessment": "Assessment",
                "navigation": "Navigation",
                "lifecycle": "Lifecycle",
                "session": "Session",
                "social": "Social",
            },
            has_statements=True,
            retention_var="retention_event_days",
        ),
        DropKind(
            name="catalog",
            raw_table="raw.catalog_lines",
            staging_model="stg_catalog__items",
            families={"catalog": "Catalogue items"},
        ),
        DropKind(
            name="learners",
            raw_table="raw.learner_lines",
            staging_model="stg_learners__enrolments",
            families={"learners": "Learner lines"},
            retention_var="retention_learner_days",
        ),
        DropKind(
            name="changes",
            raw_table="raw.change_lines",
            staging_model="stg_changes__entries",
            families={"changes": "Changes of content"},
        ),
    )
}
"""Name → kind, in the order of the pages and displays."""


def has_statements(kind: str) -> bool:
    """Whether drops of the kind hold xAPI statements; false for a name that is no kind."""
    return kind in DROP_KINDS and DROP_KINDS[kind].has_statements


def kinds_in_words() -> str:
    """The names for a sentence: `events, catalog, learners or changes`."""
    *others, last = DROP_KINDS
    return f"{', '.join(others)} or {last}"
