"""Does raw still hold what the ledger says? A power loss can take parts of raw that were not yet on disk."""

from clickhouse_connect.driver.client import Client

from orchestration.loading.objects import RAW_TABLES


def lines_missing_from_raw(client: Client) -> list[str]:
    """Live objects whose number of lines in raw is not the ledger's, each as one sentence."""
    differences = []
    for kind, table in RAW_TABLES.items():
        rows = client.query(
            f"""
            select live.object_key, live.load_id, live.line_count, found.found_count
            from (
                select load_id, object_id, object_key, line_count from ops.live_objects where kind = {{kind:String}}
            ) as live
            left join (
                select load_id, object_id, count() as found_count from {table} group by load_id, object_id
            ) as found on found.load_id = live.load_id and found.object_id = live.object_id
            where live.line_count != found.found_count
            order by live.object_key
            """,
            parameters={"kind": kind},
        ).result_rows
        differences += [
            f"{key}: the ledger has {expected} lines, {table} has {found} (load {load_id})"
            for key, load_id, expected, found in rows
        ]
    return differences
