"""The weekly brief as an asset: written into the home once the weekly marts are built."""

from pathlib import Path

from clickhouse_connect.driver.client import Client
from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, MetadataValue, asset

from orchestration.assets.owners import OWNERS
from orchestration.briefs import NothingToTell, all_marts, write_brief
from orchestration.resources.connections import WarehouseResource

FOLDER = "briefs"
EMPTY = "nothing-yet"


def define_weekly_brief() -> AssetsDefinition:
    """One HTML page for people, made of the marts that its queries name."""

    @asset(
        name="weekly_brief",
        key_prefix="briefs",
        group_name="briefs",
        kinds={"html"},
        owners=OWNERS,
        deps=[AssetKey(["marts", mart]) for mart in all_marts()],
        description="One page a week for people who open no tool: where learners stop, which content loses them, who "
        "comes back, what is not taught, and whether the numbers can be trusted. One file per week in `briefs` of the "
        "home.",
    )
    def weekly_brief(context: AssetExecutionContext, warehouse: WarehouseResource) -> MaterializeResult:
        path = write_page(warehouse.connect(), warehouse.settings().home / FOLDER)
        context.log.info(f"The brief is {path}.")
        return MaterializeResult(
            metadata={
                "page": _link(warehouse.settings().home, path),
                "week": path.stem,
                "size_bytes": path.stat().st_size,
            }
        )

    return weekly_brief


def _link(home: Path, page: Path) -> MetadataValue:
    """The page's address while `warehouse up` serves it, else its path."""
    address = home / "up.url"
    if address.exists():
        return MetadataValue.url(f"{address.read_text().strip()}/warehouse/{FOLDER}/{page.name}")
    return MetadataValue.path(str(page))


def write_page(client: Client, folder: Path) -> Path:
    """The path of the page; of a warehouse without events it is one that says what to do."""
    try:
        written = write_brief(client)
        name, html = written.week_label, written.html
    except NothingToTell as nothing:
        name, html = EMPTY, nothing.page
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.html"
    path.write_text(html, encoding="utf-8")
    return path
