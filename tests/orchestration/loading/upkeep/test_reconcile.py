"""Rows of raw that vanish or change are noticed, and their objects loaded again while the lake has them."""

import pytest

from orchestration.loading.upkeep.reconcile import find_damages, repair


@pytest.fixture
def lose(warehouse):
    """lose(condition) takes rows from raw, as a disk would."""
    return lambda condition: warehouse.command(f"delete from raw.event_lines where {condition}")


def test_a_commit_without_all_its_lines_is_named(warehouse, put, load, lose, statement) -> None:
    put("events/web/a.ndjson", [statement(i) for i in range(5)])
    put("events/web/empty.ndjson", b"")
    load()
    assert find_damages(warehouse) == []
    lose("object_key = 'events/web/a.ndjson' and line_number = 3")
    [damage] = find_damages(warehouse, reads_lines=False)
    assert (damage.key, damage.is_live) == ("events/web/a.ndjson", True)
    assert damage.detail == "the ledger has 5 lines, raw.event_lines has 4"


def test_a_damaged_commit_is_revoked_and_its_object_loaded_again(warehouse, lake, load, live_lines) -> None:
    assert [damage.key for damage in repair(warehouse, lake, find_damages(warehouse))] == ["events/web/a.ndjson"]
    assert load().object_count == 1
    assert dict(live_lines())["events/web/a.ndjson"] == 5
    assert find_damages(warehouse) == []
    causes = warehouse.query("select cause, reason from ops.load_revocations").result_rows
    assert causes == [("damaged", "the ledger has 5 lines, raw.event_lines has 4")]


def test_a_changed_line_is_found_by_the_checksum(warehouse, lake, put, load, statement) -> None:
    put("events/web/changed.ndjson", [statement(i) for i in range(5)])
    load()
    warehouse.command(
        "alter table raw.event_lines update line = replaceOne(line, 'learner-1', 'learner-2') "
        "where object_key = 'events/web/changed.ndjson' and line_number = 2",
        settings={"mutations_sync": 2},
    )
    assert find_damages(warehouse, reads_lines=False) == []
    [damage] = find_damages(warehouse)
    assert "checksum" in damage.detail
    repair(warehouse, lake, [damage])
    assert load().object_count == 1


def test_what_the_lake_no_longer_has_is_kept_as_it_is(
    warehouse, lake, put, delete, load, lose, live_lines, statement
) -> None:
    key = put("events/web/gone.ndjson", [statement(i) for i in range(5)])
    load()
    delete(key)
    lose(f"object_key = '{key}' and line_number = 3")
    damages = find_damages(warehouse)
    assert repair(warehouse, lake, damages) == []
    assert dict(live_lines())[key] == 4


def test_a_superseded_version_that_is_damaged_never_becomes_live_again(
    warehouse, lake, put, load, lose, statement
) -> None:
    key = "events/web/older.ndjson"
    for lines in (3, 4):
        put(key, [statement(i) for i in range(lines)])
        load()
    lose(f"object_key = '{key}' and line_number = 2 and object_id not in (select object_id from ops.live_objects)")
    [damage] = [candidate for candidate in find_damages(warehouse) if candidate.key == key]
    assert not damage.is_live
    assert repair(warehouse, lake, [damage]) == [damage]
    assert load().object_count == 0
