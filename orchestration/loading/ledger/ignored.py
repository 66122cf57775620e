"""What is listed and is no drop is recorded, so that each object that is not loaded is on a list."""

from collections.abc import Sequence

from clickhouse_connect.driver.client import Client

from orchestration.loading.lake.objects import LakeObject, object_id
from orchestration.loading.ledger.entries import MAX_IDS, insert_rows, server_now

_COLUMNS = ("object_id", "bucket", "object_key", "etag", "size_bytes", "last_modified", "reason", "seen_at")


def record_ignored(client: Client, bucket: str, ignored: Sequence[tuple[LakeObject, str]]) -> int:
    """Enter those that were not seen before, and return their number. Takes a page of at most MAX_IDS."""
    versions = {object_id(bucket, entry): (entry, reason) for entry, reason in ignored}
    if len(versions) > MAX_IDS:
        raise ValueError(f"{len(versions)} ignored objects at once; expected at most {MAX_IDS}: give them page by page")
    if not versions:
        return 0
    known = client.query(
        "select object_id from ops.ignored_objects where object_id in {object_ids:Array(String)}",
        parameters={"object_ids": list(versions)},
    ).result_rows
    new = {key: value for key, value in versions.items() if key not in {row[0] for row in known}}
    if new:
        seen_at = server_now(client)
        rows = (
            [version, bucket, entry.key, entry.etag, entry.size_bytes, entry.last_modified, reason, seen_at]
            for version, (entry, reason) in new.items()
        )
        insert_rows(client, "ignored_objects", _COLUMNS, rows)
    return len(new)
