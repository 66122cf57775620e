"""Lines of erased people that came again: the warehouse refuses them by itself; here they leave the lake too."""

from clickhouse_connect.driver.client import Client

from orchestration.erasure.drops import LEFT, REWRITTEN, ErasurePass, WritableLake, recorded_objects
from orchestration.loading.lake.objects import RAW_TABLES, Drop
from orchestration.loading.lake.versions import is_in_lake
from orchestration.loading.ledger.entries import DROP_COLUMNS
from orchestration.loading.ledger.erased import ERASED_IDENTITIES, recogniser
from orchestration.settings import Settings

REQUEST = "redelivered"
"""Under this the rewritten objects stand in `ops.erasure_objects`: they belong to no single request."""


def rewrite_redelivered(client: Client, lake: WritableLake, settings: Settings) -> tuple[list[str], list[str]]:
    """Rewrite the live objects that have lines refused as erased; keys that were written, and keys that were not."""
    sweep = ErasurePass(client, lake, settings.lake, REQUEST, recogniser(client), identities=ERASED_IDENTITIES)
    keys = []
    for drop in redelivered(client):
        entry = lake.head_object(drop.key)
        if entry is not None and is_in_lake(lake, drop):
            sweep.rewrite(next(one for one in lake.list_objects(drop.key) if one.key == drop.key))
            keys.append(drop.key)
    outcomes = {entry["object_key"]: entry["outcome"] for entry in recorded_objects(client, REQUEST)}
    written = [key for key in keys if outcomes.get(key) == REWRITTEN]
    return written, [key for key in keys if outcomes.get(key) == LEFT]


def redelivered(client: Client) -> list[Drop]:
    """Live objects with lines that were refused as erased."""
    tables = " union all ".join(
        f"select distinct load_id, object_id from {table} where reject = 'erased'" for table in RAW_TABLES.values()
    )
    columns = ", ".join(DROP_COLUMNS)
    rows = client.query(
        f"select {columns} from ops.live_objects where (load_id, object_id) in ({tables}) order by object_key"
    ).result_rows
    return [Drop(*row) for row in rows]
