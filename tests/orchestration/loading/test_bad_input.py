"""What each kind of bad input gets: a rejected line, a parked object, and never a good neighbour lost."""

import gzip

import pytest
import zstandard

from orchestration.loading import land, pending, status

GOOD = [f'{{"id":"{i}"}}' for i in range(1000)]
BODY = "\n".join(GOOD).encode() + b"\n"
GZ = gzip.compress(BODY, mtime=0)


def flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 0x10
    return bytes(changed)


ACCEPTED = {
    "plain.ndjson": (BODY, 1000),
    "gz.ndjson.gz": (GZ, 1000),
    "members.ndjson.gz": (GZ + GZ, 2000),
    "zstd.ndjson.zst": (zstandard.compress(BODY), 1000),
    "crlf.ndjson": (b'{"a":1}\r\n{"a":2}\r\n', 2),
    "bom.ndjson": (b'\xef\xbb\xbf{"a":1}\n', 1),
    "no_final_newline.ndjson": (b'{"a":1}\n{"a":2}', 2),
    "duplicate_keys.ndjson": (b'{"a":1,"a":2}\n', 1),
    "wrong_types.ndjson": (b'{"id":123,"actor":[],"verb":null}\n', 1),
}
PARKED = {
    "truncated.ndjson.gz": GZ[: len(GZ) // 2],
    "truncated_tail.ndjson.gz": GZ[:-4],
    "bit_flip.ndjson.gz": flipped(GZ, len(GZ) // 2),
    "crc_flip.ndjson.gz": flipped(GZ, len(GZ) - 6),
    "garbage_after.ndjson.gz": GZ + b"garbage",
    "not_gz.ndjson.gz": BODY,
    "zstd_named.ndjson.gz": zstandard.compress(BODY),
    "truncated.ndjson.zst": zstandard.compress(BODY)[:-20],
    "not_zstd.ndjson.zst": BODY,
}
REJECTED = [
    (b"text", "not_json"),
    (b"[1,2]", "not_object"),
    (b"null", "not_object"),
    (b"123", "not_object"),
    (b'"string"', "not_object"),
    (b'{"a":1} trailing', "not_json"),
    (b'{"a":1}{"b":2}', "not_json"),
    (b"", "not_json"),
    (b'{"a":NaN}', "not_json"),
    (b'{"a":1e400}', "not_json"),
    (b'{"a":"\\ud800"}', "not_json"),
    (b'{"a":"x\x00y"}', "not_json"),
    (b'{"a":"\xff"}', "invalid_utf8"),
    (b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}", "not_json"),
]


@pytest.fixture(scope="module", autouse=True)
def delivered(put) -> None:
    for name, (body, _) in ACCEPTED.items():
        put(f"events/good/{name}", body)
    for name, body in PARKED.items():
        put(f"events/bad/{name}", body)
    lines = b"\n".join(line for line, _ in REJECTED)
    put("events/lines/mixed.ndjson", BODY + lines + b'\n{"last":1}\n')
    put("events/lines/utf16.ndjson", '{"a":1}\n{"a":2}\n'.encode("utf-16"))
    put("events/lines/error_page.ndjson", b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>\n')


def test_one_bad_object_costs_only_itself(warehouse, lake, load) -> None:
    report = load()
    assert {each.drop.key for each in report.parked} == {f"events/bad/{name}" for name in PARKED}
    assert {each.code for each in report.parked} == {"unreadable"}
    assert report.object_count == len(ACCEPTED) + 3
    assert load().object_count == 0, "a parked object is not tried again"
    assert status(warehouse, lake).adds_up


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(warehouse, name: str) -> None:
    rows = warehouse.query(
        "select countIf(reject = ''), count() from raw.event_lines where object_key = {key:String} "
        "and (load_id, object_id) in (select load_id, object_id from ops.live_objects)",
        parameters={"key": f"events/good/{name}"},
    ).result_rows
    assert rows == [(ACCEPTED[name][1], ACCEPTED[name][1])]


def test_each_bad_line_has_its_reason_and_no_neighbour_is_lost(warehouse) -> None:
    rows = warehouse.query(
        "select line_number, reject from raw.event_lines where object_key = 'events/lines/mixed.ndjson' "
        "and (load_id, object_id) in (select load_id, object_id from ops.live_objects) order by line_number"
    ).result_rows
    expected = [""] * 1000 + [reason for _, reason in REJECTED] + [""]
    assert rows == list(enumerate(expected, start=1))


def test_utf_16_and_an_error_page_are_rejected_line_by_line(warehouse) -> None:
    rows = warehouse.query(
        "select object_key, countIf(reject = '') from raw.event_lines where object_key in "
        "('events/lines/utf16.ndjson', 'events/lines/error_page.ndjson') group by object_key"
    ).result_rows
    assert {count for _, count in rows} == {0}


def test_lines_accepted_and_rejected_add_up_in_the_ledger(warehouse, lake) -> None:
    rows = warehouse.query(
        "select object_key, line_count, rejected_count from ops.first_commits where source = 'lines'"
    ).result_rows
    assert ("events/lines/mixed.ndjson", 1001 + len(REJECTED), len(REJECTED)) in rows
    now = status(warehouse, lake)
    assert sum(now.rejected_by_reason.values()) == now.lines_rejected
    assert now.rejected_by_reason["not_object"] == 4


def test_an_over_long_line_is_rejected_and_its_head_kept(warehouse, put, load) -> None:
    put("events/long/a.ndjson.gz", [{"a": "x" * (land.MAX_LINE_BYTES + 10)}, {"b": 1}])
    assert load().rejected_count == 1
    rows = warehouse.query(
        "select reject, length(line) from raw.event_lines where object_key = 'events/long/a.ndjson.gz' "
        "order by line_number"
    ).result_rows
    assert rows == [("too_long", land.KEPT_HEAD_BYTES), ("", 8)]


def test_a_gzip_bomb_fails_on_memory_alone_and_is_parked_at_the_third_try(
    warehouse, lake, put, load, statement, monkeypatch, settings
) -> None:
    monkeypatch.setitem(land.LAND_SETTINGS, "max_memory_usage", 150_000_000)
    monkeypatch.setattr("orchestration.loading.ledger.RETRY_AFTER_SECONDS", (0, 0, 3600))
    put("events/bomb/bomb.ndjson.gz", gzip.compress(b"0" * 400_000_000, compresslevel=1))
    put("events/bomb/neighbour.ndjson", [statement(1)])
    first = load()
    assert (first.object_count, [each.code for each in first.failed]) == (1, ["too_much_memory"])
    assert [len(load().failed), len(load().parked)] == [1, 1]
    assert pending(warehouse, lake) == []


def test_a_key_that_is_a_pattern_is_parked_and_reads_nothing(put, load, warehouse) -> None:
    put("events/unsafe/a{1,2}.ndjson", [{"a": 1}])
    put("events/unsafe/b?.ndjson", [{"a": 1}])
    report = load()
    assert [each.code for each in report.parked] == ["unsafe_key", "unsafe_key"]
    assert warehouse.query("select count() from raw.event_lines where source = 'unsafe'").result_rows == [(0,)]


def test_no_secret_stands_in_what_was_recorded(warehouse, settings) -> None:
    recorded = str(warehouse.query("select * from ops.object_failures").result_rows)
    for secret in (settings.lake.secret_access_key, settings.lake.access_key_id, settings.clickhouse.password):
        assert secret not in recorded
