"""How due drops are cut into batches."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from orchestration.loading.lake.objects import Drop
from orchestration.loading.ledger.entries import first_load_id
from orchestration.loading.steps import plan
from orchestration.loading.steps.plan import new_load_id, plan_batches

DROP = Drop("id", "events", "web", "lake", "events/web/a.ndjson", "etag", 10, datetime(2026, 1, 5, tzinfo=UTC))


def drops(number: int, **parts: object) -> list[Drop]:
    return [replace(DROP, key=f"events/web/{i:04d}.ndjson", **parts) for i in range(number)]


def test_a_batch_holds_at_most_500_objects() -> None:
    assert [len(batch) for batch in plan_batches(drops(1001))] == [500, 500, 1]


def test_a_batch_holds_at_most_one_gib_and_a_larger_object_stands_alone() -> None:
    sizes = [plan.MAX_BATCH_BYTES * 2, 1, plan.MAX_BATCH_BYTES, 1]
    planned = plan_batches([replace(drop, size_bytes=size) for drop, size in zip(drops(4), sizes, strict=True)])
    assert [[drop.size_bytes for drop in batch] for batch in planned] == [[sizes[0]], [1], [sizes[2]], [1]]


def test_long_keys_are_spread_over_batches() -> None:
    long = [replace(drop, key="events/web/" + "x" * 900 + drop.key) for drop in drops(200)]
    assert all(sum(len(drop.key) for drop in batch) <= plan.MAX_BATCH_KEY_BYTES for batch in plan_batches(long))


def test_a_key_with_a_comma_stands_alone() -> None:
    """Between braces ClickHouse takes the comma for the end of the key, and reads another object or none."""
    with_comma = replace(DROP, key="events/web/a,b.ndjson")
    assert [with_comma] in plan_batches([*drops(3), with_comma])


def test_kinds_are_not_mixed_and_the_oldest_come_first() -> None:
    newer = replace(DROP, last_modified=DROP.last_modified + timedelta(days=1))
    catalogue = replace(DROP, kind="catalog", key="catalog/a.ndjson")
    assert plan_batches([newer, catalogue, DROP]) == [[catalogue], [DROP, newer]]


def test_forms_are_not_mixed() -> None:
    """One statement reads one format."""
    parquet = replace(DROP, key="events/web/a.parquet", form="parquet")
    assert plan_batches([parquet, DROP, replace(DROP, key="events/web/b.ndjson")])[1:] == [[parquet]]


def test_packings_are_not_mixed() -> None:
    """One statement unpacks in one way."""
    packed = replace(DROP, packing="gzip")
    assert plan_batches([packed, DROP, replace(DROP, key="events/web/b.ndjson")])[1:] == [[packed]]


def test_load_ids_are_version_7_and_follow_the_time_given() -> None:
    early = [new_load_id(DROP.last_modified) for _ in range(50)]
    late = new_load_id(DROP.last_modified + timedelta(milliseconds=1))
    assert UUID(late).version == 7
    assert len(set(early)) == 50
    assert all(first_load_id(DROP.last_modified) <= load_id < late for load_id in early)
