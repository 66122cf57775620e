"""What Dagster shows of a table that was just built: rows, bytes, how far the data reach, and pictures.

Rows and bytes are the engine's own counts; pictures are drawn as in the weekly brief.
"""

from collections.abc import Mapping
from typing import Any

from clickhouse_connect.driver.client import Client
from dagster import MetadataValue, Output

from orchestration.briefs.pictures import pictures_of
from orchestration.loading.state.watermarks import watermarks

WATERMARK = "agg_data_watermark"


def with_facts(client: Client, event: Any, manifest: Mapping[str, Any]) -> Any:
    """The event; one that says that a table was built, with the facts of the table added to its metadata.

    What cannot be read or drawn is named in the metadata, and fails nothing: the table is built.
    """
    if not isinstance(event, Output) or "unique_id" not in event.metadata:
        return event
    node = manifest["nodes"].get(event.metadata["unique_id"].value, {})
    if not node:
        return event
    try:
        facts = table_facts(client, node["schema"], node["alias"]) | _pictures(client, node["alias"])
    except Exception as error:
        facts = {"facts_not_read": str(error)[:300]}
    return event.with_metadata({**event.metadata, **facts})


def table_facts(client: Client, database: str, table: str) -> dict[str, Any]:
    """Rows and bytes of a table, nothing of a view; of the watermarks, how far the data reach."""
    sizes = client.query(
        "select total_rows, total_bytes from system.tables where database = {schema:String} and name = {table:String}",
        parameters={"schema": database, "table": table},
    ).result_rows
    rows, size = sizes[0] if sizes else (None, None)
    facts: dict[str, Any] = {}
    if rows is not None:
        facts = {"dagster/row_count": MetadataValue.int(int(rows)), "bytes": MetadataValue.int(int(size or 0))}
    if table == WATERMARK:
        facts |= {
            f"{mark.source}: complete through": MetadataValue.timestamp(mark.complete_through_at)
            for mark in watermarks(client)
        }
    return facts


def _pictures(client: Client, mart: str) -> dict[str, Any]:
    return {f"picture: {title}": MetadataValue.md(markdown) for title, markdown in pictures_of(client, mart).items()}
