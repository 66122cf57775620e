"""Which keys are drops, and what tells one version of an object from another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from orchestration.loading.lake.objects import LakeObject, drop_from, is_unsafe, object_id, reason_to_ignore

ENTRY = LakeObject("events/web/dt=2026-01-05/a.ndjson.gz", "abc", 10, datetime(2026, 1, 5, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "key",
    [
        "events/web/a.ndjson",
        "events/web/deep/er/a.jsonl.gz",
        "events/web/dt=2026-01-05/a.json.zst",
        "catalog/a.ndjson",
        "learners/2026/a.ndjson.gz",
        "events/web/a.parquet",
        "events/web/A.JSON",
        "events/web/A.NDJSON.GZ",
        "events/web/stream-1-2026-01-05-10-00-00-2f1c",
        "events/web/stream-1-2026-01-05.gz",
        "events/web/we ird's#1%20,é.ndjson",
    ],
)
def test_a_drop_is_a_file_of_a_known_ending_or_none_below_a_watched_prefix(key: str) -> None:
    assert reason_to_ignore(key) == ""


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("events/web/", "folder marker"),
        ("events/web/_SUCCESS", "working file"),
        ("events/web/.hidden.ndjson", "working file"),
        ("events/web/a.ndjson.tmp", "working file"),
        ("events/web/a.parquet.gz", "file ending"),
        ("events/web/a.ndjson.bz2", "file ending"),
        ("events/web/a.csv", "write each row as one JSON object per line"),
        ("events/web/a.tar.gz", "Unpack the archive"),
        ("events/a.ndjson", "no source folder"),
    ],
)
def test_what_is_no_drop_is_ignored_with_a_reason(key: str, reason: str) -> None:
    assert reason in reason_to_ignore(key)


@pytest.mark.parametrize("character", ["{", "}", "*", "?", "\n", "\x00", "\u240a"])
def test_a_key_that_acts_as_a_pattern_is_unsafe(character: str) -> None:
    assert is_unsafe(f"events/web/a{character}b.ndjson")


def test_a_key_with_quotes_spaces_and_percent_signs_is_safe() -> None:
    assert not is_unsafe("events/web/it's 100% #1 ü, done.ndjson")


@pytest.mark.parametrize(
    "change",
    [
        {"key": "events/web/b.ndjson"},
        {"etag": "abd"},
        {"size_bytes": 11},
        {"last_modified": ENTRY.last_modified + timedelta(milliseconds=1)},
    ],
)
def test_each_of_the_five_facts_makes_another_object(change: dict) -> None:
    assert object_id("lake", replace(ENTRY, **change)) != object_id("lake", ENTRY)
    assert object_id("other", ENTRY) != object_id("lake", ENTRY)


def test_the_identity_does_not_depend_on_the_time_zone_of_the_machine() -> None:
    """A loader in another zone would otherwise have loaded everything again."""
    elsewhere = replace(ENTRY, last_modified=ENTRY.last_modified.astimezone(timezone(timedelta(hours=5))))
    assert object_id("lake", elsewhere) == object_id("lake", ENTRY)


def test_a_parquet_file_is_known_by_its_ending_and_all_else_is_lines_at_first() -> None:
    assert drop_from("lake", ENTRY).form == "lines"
    assert drop_from("lake", replace(ENTRY, key="events/web/a.parquet")).form == "parquet"
    assert drop_from("lake", replace(ENTRY, key="events/web/A.PARQUET")).form == "parquet"


def test_the_source_is_the_folder_below_events() -> None:
    assert drop_from("lake", ENTRY).source == "web"
    assert drop_from("lake", replace(ENTRY, key="catalog/x/a.ndjson")).source == ""
