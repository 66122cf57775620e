"""The databases `raw` and `ops`, and the key that learner pseudonyms are made with."""

import re
from datetime import UTC, datetime
from pathlib import Path

from clickhouse_connect.driver.client import Client

from orchestration.loading.errors import WarehouseError
from orchestration.settings import Settings

_STATEMENTS = Path(__file__).parent / "raw_tables" / "raw_and_ops.sql"


def prepare_warehouse(client: Client, settings: Settings) -> None:
    """Everything a load needs in ClickHouse before the first line; running it again changes nothing."""
    ensure_raw_tables(client)
    set_learner_id_key(client, settings.learner_id_key)


def ensure_raw_tables(client: Client) -> None:
    """Create what is missing of `raw` and `ops`."""
    for statement in re.split(r";\s*(?:\n|$)", _STATEMENTS.read_text()):
        if statement.strip():
            client.command(statement)


def set_learner_id_key(client: Client, key: str) -> None:
    """Record the pseudonym key.

    A changed key would give every learner a second pseudonym, so on a warehouse that has events it is an error.
    The key travels as data, never in the text of a query.
    """
    recorded = client.query("select value from ops.keys final where name = 'learner_id_key'").result_rows
    if recorded and recorded[0][0] == key:
        return
    if recorded and client.query("select count() from ops.load_commits").result_rows[0][0]:
        raise WarehouseError(
            "LEARNER_ID_KEY differs from the key this warehouse was loaded with; with the new key every learner would "
            "become a second person. Restore the former LEARNER_ID_KEY, or use an empty warehouse (another "
            "WAREHOUSE_HOME, or other databases) for the new one."
        )
    client.insert(
        "keys",
        [["learner_id_key", key, datetime.now(UTC)]],
        column_names=["name", "value", "set_at"],
        database="ops",
        settings={"async_insert": 0},
    )
