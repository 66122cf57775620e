"""Lines that vanish from raw are noticed."""

from orchestration.loading.reconcile import lines_missing_from_raw


def test_a_live_object_without_its_lines_is_named(warehouse, put, load, statement) -> None:
    put("events/web/a.ndjson", [statement(i) for i in range(5)])
    put("events/web/empty.ndjson", b"")
    load()
    assert lines_missing_from_raw(warehouse) == []
    warehouse.command("delete from raw.event_lines where line_number = 3")
    assert lines_missing_from_raw(warehouse)[0].startswith(
        "events/web/a.ndjson: the ledger has 5 lines, raw.event_lines has 4"
    )
