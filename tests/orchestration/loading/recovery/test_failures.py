"""What an error means for a batch, and that no secret leaves with it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from orchestration.loading import LoadError, load_pending, loader, pending
from orchestration.loading.errors import safe_message
from orchestration.loading.lake.objects import LakeObject, drop_from
from orchestration.loading.ledger.entries import Failure, next_retry_at
from orchestration.loading.recovery.failures import cause_of, error_name
from orchestration.loading.steps.discover import sort_drops

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "code", "is_permanent", "stops_the_load"),
    [
        ("Code: 354. DB::Exception: inflate failed: data error. (ZLIB_INFLATE_FAILED)", "unreadable", True, False),
        ("Code: 561. DB::Exception: x. (ZSTD_DECODER_FAILED)", "unreadable", True, False),
        ("Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)", "too_much_memory", False, False),
        ("Code: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED)", "timeout", False, False),
        ("Code: 499. DB::Exception: HTTP response code: 404: while reading. (S3_ERROR)", "gone", False, False),
        ("Code: 499. DB::Exception: slow down. (S3_ERROR)", "lake_error", False, False),
        ("Code: 243. DB::Exception: no space. (NOT_ENOUGH_SPACE)", "not_enough_space", False, True),
        (
            "Code: 75. DB::Exception: errno: 28, strerror: No space left on device. (CANNOT_WRITE_TO_FILE_DESCRIPTOR)",
            "not_enough_space",
            False,
            True,
        ),
        ("Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS)", "too_many_parts", False, True),
        ("something else", "unknown", False, True),
    ],
)
def test_an_error_is_the_objects_own_or_stops_the_load(bad_settings, text, code, is_permanent, stops_the_load) -> None:
    cause = cause_of(DatabaseError(text), bad_settings)
    assert (cause.code, cause.is_permanent, cause.stops_the_load) == (code, is_permanent, stops_the_load)


def test_a_message_holds_no_secret_and_no_noise(bad_settings) -> None:
    lake = bad_settings.lake
    error = DatabaseError(
        "Received ClickHouse exception, code: 499, server response: Code: 499. DB::Exception: "
        f"s3('{lake.access_key_id}', '{lake.secret_access_key}') {bad_settings.clickhouse.password}: "
        "While executing X. (S3_ERROR) "
        "(version 26.9.2.1 (official build)) (for url http://127.0.0.1:1)"
    )
    assert safe_message(error, bad_settings) == "s3('[hidden]', '[hidden]') [hidden]. (S3_ERROR)"
    assert error_name("nothing") == ""


def test_a_failed_object_waits_longer_after_each_try_and_is_parked_from_the_third_on() -> None:
    drop = drop_from("lake", LakeObject("events/web/a.ndjson", "e", 1, NOW))

    def state(tries: int, seconds: int, is_permanent: bool = False) -> str:
        again_at = None if is_permanent else next_retry_at(tries, NOW)
        failure = Failure(drop.object_id, tries, is_permanent, "timeout", "", NOW, again_at)
        now = NOW + timedelta(seconds=seconds)
        discovery = sort_drops([drop], set(), {failure.object_id: failure}, now)
        return next(name for name in ("parked", "waiting", "ready") if getattr(discovery, name))

    hour = 3600
    assert [state(1, 59), state(1, 61), state(2, 299), state(2, 301)] == ["waiting", "ready", "waiting", "ready"]
    assert [state(3, hour - 1), state(3, hour + 1)] == ["parked", "ready"]
    assert [state(4, 6 * hour - 1), state(4, 6 * hour + 1)] == ["parked", "ready"]
    assert [state(9, 24 * hour - 1), state(9, 24 * hour + 1)] == ["parked", "ready"]
    assert state(1, 10**9, is_permanent=True) == "parked"


def test_wrong_keys_for_the_lake_stop_the_load_and_park_nothing(warehouse, lake, settings, put, passing_judge) -> None:
    put("events/web/a.ndjson", [{"a": 1}])
    put("events/web/b.ndjson", [{"a": 1}])
    wrong = replace(settings, lake=replace(settings.lake, secret_access_key="wrong-secret"))
    with pytest.raises(LoadError, match="could not read the lake") as raised:
        load_pending(warehouse, lake, wrong)
    assert "wrong-secret" not in str(raised.value)
    assert warehouse.query("select count() from ops.object_failures").result_rows == [(0,)]
    assert len(pending(warehouse, lake)) == 2


def test_a_broken_connection_stops_the_load_and_parks_nothing(warehouse, lake, settings, monkeypatch) -> None:
    def broken(*arguments):
        raise OperationalError("connection reset")

    monkeypatch.setattr(loader, "land", broken)
    with pytest.raises(LoadError, match="run the load again"):
        load_pending(warehouse, lake, settings)
    assert len(pending(warehouse, lake)) == 2
