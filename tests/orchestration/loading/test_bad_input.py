"""How the load behaves on bad input; what each kind of it comes out as is in tests/faults/bad_input."""

import gzip

import pytest

from orchestration.expectations.facts import profile_load
from orchestration.loading import pending, status
from orchestration.loading.steps import gate, land

GOOD = [f'{{"id":"{i}"}}' for i in range(1000)]
BODY = "\n".join(GOOD).encode() + b"\n"
GZ = gzip.compress(BODY, mtime=0)
REJECTED = [b"text", b"[1,2]", b"# comment", b'{"a":"\xff"}']


@pytest.fixture(scope="module", autouse=True)
def delivered(put) -> None:
    put("events/good/gz.ndjson.gz", GZ)
    put("events/bad/truncated.ndjson.gz", GZ[:-4])
    put("events/bad/not_gz.ndjson.gz", BODY)
    put("events/bad/not_zstd.ndjson.zst", BODY)
    put("events/lines/mixed.ndjson", BODY + b"\n\n".join(REJECTED) + b'\n{"last":1}\n')


def test_one_bad_object_costs_only_itself(warehouse, lake, load, monkeypatch) -> None:
    # The next test asks for the lines that staging refuses.
    monkeypatch.setattr(gate, "profile_load", profile_load)
    report = load()
    assert {(failure.drop.source, failure.code) for failure in report.parked} == {("bad", "unreadable")}
    assert (report.object_count, len(report.parked)) == (2, 3)
    assert load().object_count == 0, "a parked object is not tried again"
    assert status(warehouse, lake).adds_up


def test_lines_accepted_and_rejected_add_up_in_the_ledger(warehouse, lake) -> None:
    rows = warehouse.query(
        "select object_key, line_count, rejected_count from ops.first_commits where source = 'lines'"
    ).result_rows
    assert rows == [("events/lines/mixed.ndjson", 1001 + len(REJECTED), len(REJECTED))]
    by_the_load = {"not_json": 2, "not_object": 1, "invalid_utf8": 1}
    by_staging = {"invalid_id": 2000, "missing_actor": 1}
    assert status(warehouse, lake).rejected_by_reason == by_the_load | by_staging


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
    monkeypatch.setattr("orchestration.loading.ledger.entries.RETRY_AFTER_SECONDS", (0, 0, 3600))
    put("events/bomb/bomb.ndjson.gz", gzip.compress(b"0" * 400_000_000, compresslevel=1))
    put("events/bomb/neighbour.ndjson", [statement(1)])
    first = load()
    assert (first.object_count, [failure.code for failure in first.failed]) == (1, ["too_much_memory"])
    assert [len(load().failed), len(load().parked)] == [1, 1]
    assert pending(warehouse, lake) == []


def test_a_key_that_is_a_pattern_is_parked_and_reads_nothing(put, load, warehouse) -> None:
    put("events/unsafe/a{1,2}.ndjson", [{"a": 1}])
    put("events/unsafe/b?.ndjson", [{"a": 1}])
    report = load()
    assert [failure.code for failure in report.parked] == ["unsafe_key", "unsafe_key"]
    assert warehouse.query("select count() from raw.event_lines where source = 'unsafe'").result_rows == [(0,)]


def test_no_secret_stands_in_what_was_recorded(warehouse, settings) -> None:
    recorded = str(warehouse.query("select * from ops.object_failures").result_rows)
    for secret in (settings.lake.secret_access_key, settings.lake.access_key_id, settings.clickhouse.password):
        assert secret not in recorded
