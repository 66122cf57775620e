"""What is no drop is on record, once for each version of its key."""

import pytest

from orchestration.loading import load_pending
from orchestration.loading.lake.scope import Scope
from orchestration.loading.ledger.entries import MAX_IDS
from orchestration.loading.ledger.ignored import record_ignored


def recorded(warehouse) -> list[tuple]:
    return warehouse.query(
        "select object_key, size_bytes, reason from ops.ignored_objects order by object_key, size_bytes"
    ).result_rows


def test_each_version_is_recorded_once_with_its_reason(warehouse, lake, settings, put, passing_judge) -> None:
    put("events/web/_SUCCESS", b"")
    put("events/notes.ndjson", b"{}\n")
    put("events/web/good.ndjson", b"{}\n")
    for _ in range(2):
        load_pending(warehouse, lake, settings)
    expected = [
        ("events/notes.ndjson", 3, "no source folder: expected events/<source>/…"),
        ("events/web/_SUCCESS", 0, "working file of another tool"),
    ]
    assert recorded(warehouse) == expected
    put("events/web/_SUCCESS", b"1")
    load_pending(warehouse, lake, settings)
    assert recorded(warehouse) == [*expected, ("events/web/_SUCCESS", 1, "working file of another tool")]


def test_a_load_of_a_part_records_that_part(warehouse, lake, settings, put, passing_judge) -> None:
    put("events/web/x.tmp", b"")
    put("events/app/y.tmp", b"")
    load_pending(warehouse, lake, settings, scope=Scope(("events/app/",)))
    assert [key for key, _, _ in recorded(warehouse) if key.endswith(".tmp")] == ["events/app/y.tmp"]


def test_it_takes_a_page_and_no_more(warehouse, lake) -> None:
    entry = next(lake.list_objects("events/"))
    many = [(entry.__class__(f"events/{i}", "", 0, entry.last_modified), "reason") for i in range(MAX_IDS + 1)]
    with pytest.raises(ValueError, match="page by page"):
        record_ignored(warehouse, "lake", many)
