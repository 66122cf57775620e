"""The start page: what needs a person, how far the data reach, when the marts were built, and where everything is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from clickhouse_connect.driver.exceptions import ClickHouseError
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestration.alerts.problems import Problem, find_problems, unreachable
from orchestration.expectations.data_docs import FOLDER, SERVED_AT
from orchestration.loading import WarehouseError, prepare_warehouse
from orchestration.loading.state.builds import Build, last_builds
from orchestration.loading.state.watermarks import Watermark, watermarks
from orchestration.pages.places import DBT, ROOT
from orchestration.resources.warehouse import connect
from orchestration.settings import SettingsError, load_settings

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Link:
    """A place to go, what it is for, and whether there is anything yet."""

    name: str
    url: str
    purpose: str
    is_there: bool = True


@dataclass(frozen=True)
class State:
    """What the ledger and the marts say now."""

    problems: list[Problem]
    builds: list[Build] = field(default_factory=list)
    reach: list[Watermark] = field(default_factory=list)


def start_page(home: Path) -> str:
    """The page as HTML. An engine that does not answer is a problem on it."""
    return _PAGES.get_template("start.html.j2").render(state=_state(), links=list(_links(home)), moment=moment)


def waiting_page(problem: str) -> str:
    """That dbt's documentation is being made, or why it is not."""
    return _PAGES.get_template("waiting.html.j2").render(problem=problem)


def moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC"


def _state() -> State:
    try:
        settings = load_settings()
        client = connect(settings)
        prepare_warehouse(client, settings)
        return State(find_problems(client), last_builds(client), watermarks(client))
    except (WarehouseError, SettingsError, ClickHouseError) as error:
        return State([unreachable(error)])


def _links(home: Path) -> Iterator[Link]:
    brief, card = _newest(home / "briefs"), _newest(home / "churn")
    yield Link("Dagster", "/", "Runs, schedules, assets and their checks; reload a day, build a model again.")
    dashboards = _dashboards(home)
    yield Link(
        "Dashboards",
        dashboards,
        "Nine dashboards for people who write no SQL. ‘warehouse up --bi’ serves them.",
        bool(dashboards),
    )
    yield Link(
        "Weekly brief",
        f"{ROOT}/briefs/{brief}",
        "One page to read, mail or print. The weekly job and ‘warehouse report’ write it.",
        bool(brief),
    )
    docs = home / FOLDER / "index.html"
    yield Link("Data Docs", SERVED_AT, "What the gate found in each load: expectations and counts.", docs.exists())
    yield Link(
        "Churn model", f"{ROOT}/churn/{card}", "How good the scores are, and why they are published or not.", bool(card)
    )
    yield Link("Models", f"{ROOT}/{DBT}/", "dbt’s documentation: every mart, its grain, its columns and its lineage.")


def _newest(folder: Path) -> str:
    """The name of the newest page of a folder; empty without one."""
    pages = sorted(folder.glob("*.html"), key=lambda page: page.stat().st_mtime)
    return pages[-1].name if pages else ""


def _dashboards(home: Path) -> str:
    """The address of the dashboards while they run."""
    try:
        return json.loads((home / "bi" / "running.json").read_text())["url"]
    except (OSError, ValueError, KeyError):
        return ""
