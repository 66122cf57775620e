"""Staging's verdict on lines that no build has read yet: dbt's own models, on the objects of one load.

The models of staging say of each line whether it is refused, and why. The gate asks before they are built, on a new
warehouse before dbt ran at all. So their SQL is rendered here from the same files, with other tables in place of those
that dbt would name: the objects of the load for the live ones, the files of the seeds for their tables. That Python
repeats no rule of theirs is the point.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import yaml
from jinja2 import Environment, StrictUndefined

from orchestration.drop_kinds import DROP_KINDS
from orchestration.settings import PROJECT_ROOT

MACROS = ("keys", "xapi")
"""The folders of macros that models of staging use."""
# No pseudonym is needed for a verdict: the key is not read.
_NO_KEY = "(select 'learner_id_key' as name, '' as value, toDateTime64(0, 3, 'UTC') as set_at)"


@dataclass(frozen=True)
class RenderedModel:
    """A model of staging as SQL, and the settings that it asks of its query."""

    sql: str
    settings: Mapping[str, int]


@cache
def judged_lines(kind: str, objects: str) -> RenderedModel:
    """The kind's model of staging on the objects of `objects`, a query for load_id and object_id.

    Of its columns `object_id`, `line_number` and `quarantine_reason` are there for every kind. Only what is selected of
    the others is computed. Kept for the next load, because rendering takes 0.3 s.
    """
    live = f"(select load_id, object_id, 0 as load_key, true as is_live, '{kind}' as kind from ({objects}))"
    tables = {"int_object_states": live, "ops.live_objects": live, "ops.keys": _NO_KEY}
    return render_model(DROP_KINDS[kind].staging_path, tables)


def render_model(path: str, tables: Mapping[str, str]) -> RenderedModel:
    """The model's SQL, with `tables` for what it refers to by name, as `model` or `source.table`.

    Other sources keep their names, other models must be seeds. Raises jinja2's UndefinedError where the model uses a
    macro of another folder than MACROS.
    """
    settings: dict[str, int] = {}

    def config(**options: object) -> str:
        settings.update(options.get("query_settings", {}))
        return ""

    def source(database: str, table: str) -> str:
        name = f"{database}.{table}"
        return tables.get(name, name)

    def ref(name: str) -> str:
        return tables[name] if name in tables else _seed(name)

    sql = _rendered(path, config=config, source=source, ref=ref)
    return RenderedModel(sql, settings)


def _rendered(path: str, **words: Callable[..., str]) -> str:
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    model = environment.from_string(_macros() + (PROJECT_ROOT / path).read_text())
    return model.render(**words, var=_variables().__getitem__, is_touched_build=lambda: False).strip()


@cache
def _macros() -> str:
    folders = (PROJECT_ROOT / "macros" / folder for folder in MACROS)
    return "\n".join(file.read_text() for folder in folders for file in sorted(folder.glob("*.sql")))


@cache
def _variables() -> dict[str, object]:
    return yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text())["vars"]


def _seed(name: str) -> str:
    """The seed's rows as a table of texts."""
    rows = (PROJECT_ROOT / f"seeds/{name}.csv").read_text().replace("\\", "\\\\").replace("'", "\\'")
    return f"(select * from format(CSVWithNames, '{rows}'))"
