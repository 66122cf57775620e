"""An object that is no lines is read as a document, by an attempt of its own, or stays as it was read."""

import json

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from orchestration.loading import loader, pending
from orchestration.loading.steps import documents
from orchestration.loading.steps.documents import documents_among, is_document, split_documents

ELEMENTS = [{"a": 1}, {"b": "}]{[,"}]


def forms(warehouse) -> dict[str, tuple[str, int, int]]:
    rows = warehouse.query(
        "select object_key, form, line_count, rejected_count from ops.load_commits order by object_key, committed_at"
    ).result_rows
    return {key: (form, lines, rejected) for key, form, lines, rejected in rows}


def test_a_document_is_committed_once_with_its_elements_numbered(warehouse, put, load, live_lines) -> None:
    array = put("events/web/array.json", json.dumps(ELEMENTS, indent=2).encode())
    lines = put("events/web/lines.ndjson", ELEMENTS)
    report = load()
    assert (report.object_count, report.line_count, report.rejected_count) == (2, 4, 0)
    assert forms(warehouse) == {array: ("document", 2, 0), lines: ("lines", 2, 0)}
    rows = warehouse.query(
        "select line_number, line from raw.event_lines where object_key = {key:String} "
        "and (load_id, object_id) in (select load_id, object_id from ops.live_objects) order by line_number",
        parameters={"key": array},
    ).result_rows
    assert [(number, json.loads(line)) for number, line in rows] == list(enumerate(ELEMENTS, 1))


def test_documents_of_many_objects_are_found_among_others(warehouse, settings, lake, put, load) -> None:
    good = {put(f"events/many/{i}.json", json.dumps(ELEMENTS).encode()) for i in (0, 3, 4)}
    for i in (1, 2, 5):
        put(f"events/many/{i}.json", json.dumps([*ELEMENTS, i]).encode())
    found = documents_among(warehouse, settings, pending(warehouse, lake))
    assert {drop.key for drop in found} == good
    assert {drop.form for drop in found} == {"document"}
    load()
    assert {key for key, (form, _, _) in forms(warehouse).items() if form == "document"} >= good


def test_nothing_is_asked_of_the_lake_when_no_line_was_refused(warehouse, settings, monkeypatch) -> None:
    monkeypatch.setattr(documents, "documents_among", None)
    assert split_documents(warehouse, settings, "load", []) == ([], [])


def test_a_lake_that_fails_says_nothing_about_the_object(warehouse, settings, lake, put, delete, load) -> None:
    """Else the object would be committed as refused lines because the lake was down for a second."""
    key = put("events/web/gone.json", json.dumps(ELEMENTS).encode())
    drops = pending(warehouse, lake)
    delete(key)
    with pytest.raises(DatabaseError, match=r"404|NoSuchKey"):
        documents_among(warehouse, settings, drops)
    assert not is_document(warehouse, settings, drops[0])


def test_a_document_whose_attempt_fails_leaves_nothing_committed(warehouse, lake, put, load, monkeypatch) -> None:
    key = put("events/web/fails.json", json.dumps(ELEMENTS).encode())

    def fail(client, settings, load_id, batch):
        if batch[0].form == "document":
            raise DatabaseError("Code: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED)")
        return land(client, settings, load_id, batch)

    land = loader.land
    monkeypatch.setattr(loader, "land", fail)
    assert [each.code for each in load().failed] == ["timeout"]
    assert key not in forms(warehouse)
