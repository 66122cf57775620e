"""An object that is no lines is read as a document, by an attempt of its own, or stays as it was read."""

import gzip
import json

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from orchestration.loading import loader, pending
from orchestration.loading.recovery import documents
from orchestration.loading.recovery.documents import document_of, documents_among, sort_by_form

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


def test_answers_of_a_record_store_are_their_statements_and_say_when_there_is_more(warehouse, put, load) -> None:
    pages = [{"statements": ELEMENTS, "more": "/xapi/statements?page=2"}, {"statements": [{"c": 3}], "more": ""}]
    whole = put("events/pages/whole.json", "\n".join(map(json.dumps, pages)).encode())
    cut = put("events/pages/first.json", json.dumps(pages[0], indent=2).encode())
    report = load()
    assert report.unfinished_keys == [cut]
    assert forms(warehouse)[whole] == ("answers", 3, 0)
    rows = warehouse.query(
        "select object_key, has_more from ops.load_commits where startsWith(object_key, 'events/pages/') order by 1"
    ).result_rows
    assert rows == [(cut, True), (whole, False)]


def test_what_is_no_text_is_parked_with_what_it_is_and_what_to_do(put, load) -> None:
    put("events/odd/utf16.ndjson", '{"a":1}\n'.encode("utf-16"))
    put("events/odd/zip.json", b"PK\x03\x04" + bytes(30))
    put("events/odd/plain.ndjson.gz", b'{"a":1}\n')
    put("events/odd/gzip.ndjson.zst", gzip.compress(b'{"a":1}\n'))
    causes = {refused.drop.key.rpartition("/")[2]: (refused.code, refused.message) for refused in load().parked}
    assert causes["utf16.ndjson"][0] == "utf16"
    assert "UTF-16" in causes["utf16.ndjson"][1]
    assert "iconv -f UTF-16 -t UTF-8" in causes["utf16.ndjson"][1]
    assert causes["zip.json"][0] == "unreadable"
    assert "ZIP archive" in causes["zip.json"][1]
    assert "Its name says gzip, and its first bytes do not" in causes["plain.ndjson.gz"][1]
    assert "Its name says zstd; it is gzip" in causes["gzip.ndjson.zst"][1]


def test_a_wrapped_line_costs_only_itself_and_names_the_key(warehouse, put, load) -> None:
    put("events/wrapped/a.ndjson", [{"verb": {"id": "v"}}, {"event": {"actor": {}}}, {"data": {"a": 1}}])
    load()
    rows = warehouse.query("select line_number, reject from raw.event_lines where source = 'wrapped' order by 1")
    assert rows.result_rows == [(1, ""), (2, "wrapped_in_event"), (3, "")]


def test_a_catalogue_may_have_any_key(warehouse, put, load) -> None:
    put("catalog/a.ndjson", [{"activity_id": "x", "data": {"actor": "y"}}])
    load()
    assert warehouse.query("select reject from raw.catalog_lines").result_rows == [("",)]


def test_documents_of_many_objects_are_found_among_others(warehouse, settings, lake, put, load) -> None:
    good = {put(f"events/many/{i}.json", json.dumps(ELEMENTS).encode()) for i in (0, 3, 4)}
    for i in (1, 2, 5):
        put(f"events/many/{i}.json", json.dumps([*ELEMENTS, i]).encode())
    documents = documents_among(warehouse, settings, pending(warehouse, lake))
    assert {drop.key for drop in documents} == good
    assert {drop.form for drop in documents} == {"document"}
    load()
    assert {key for key, (form, _, _) in forms(warehouse).items() if form == "document"} >= good


def test_nothing_is_asked_of_the_lake_when_no_line_was_refused(warehouse, settings, monkeypatch) -> None:
    monkeypatch.setattr(documents, "lake_source", None)
    assert sort_by_form(warehouse, settings, "load", []).landed == []


def test_a_lake_that_fails_says_nothing_about_the_object(warehouse, settings, lake, put, delete, load) -> None:
    """Else the object would be committed as refused lines because the lake was down for a second."""
    key = put("events/web/gone.json", json.dumps(ELEMENTS).encode())
    drops = pending(warehouse, lake)
    delete(key)
    with pytest.raises(DatabaseError, match=r"404|NoSuchKey"):
        documents_among(warehouse, settings, drops)
    assert document_of(warehouse, settings, drops[0]) == []


def test_a_document_whose_attempt_fails_leaves_nothing_committed(warehouse, lake, put, load, monkeypatch) -> None:
    key = put("events/web/fails.json", json.dumps(ELEMENTS).encode())

    def fail(client, settings, load_id, batch):
        if batch[0].form == "document":
            raise DatabaseError("Code: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED)")
        return land(client, settings, load_id, batch)

    land = loader.land
    monkeypatch.setattr(loader, "land", fail)
    assert [refused.code for refused in load().failed] == ["timeout"]
    assert key not in forms(warehouse)
