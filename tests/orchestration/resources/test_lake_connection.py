"""Each way the lake can be out of reach is one sentence that says what to do, without the keys."""

from dataclasses import replace

import pytest

from orchestration.resources.lake import LakeUnavailable, S3Lake


def message(settings, target: str = "server", **changes: object) -> str:
    with pytest.raises(LakeUnavailable) as raised:
        list(S3Lake(replace(settings.lake, **changes), target).list_objects("events/"))
    text = str(raised.value)
    assert settings.lake.secret_access_key not in text
    return text


def test_a_lake_that_does_not_answer(bad_settings) -> None:
    assert "http://127.0.0.1:1 does not answer" in message(bad_settings, endpoint_url="http://127.0.0.1:1")
    assert "uv run warehouse up" in message(bad_settings, target="local", endpoint_url="http://127.0.0.1:1")


def test_wrong_keys(bad_settings) -> None:
    text = message(bad_settings, secret_access_key="wrong-secret")
    assert "refused the access keys" in text
    assert "AWS_SECRET_ACCESS_KEY" in text
    assert "wrong-secret" not in text


def test_a_missing_bucket(bad_settings) -> None:
    assert "has no bucket 'nowhere'. Create it, or check LAKE_BUCKET." in message(bad_settings, bucket="nowhere")


def test_a_listing_starts_after_a_key_and_folders_are_found(lake, put) -> None:
    for key in ("events/a/1.ndjson", "events/a/2.ndjson", "events/b/3.ndjson"):
        put(key, b"{}\n")
    assert [entry.key for entry in lake.list_objects("events/", "events/a/1.ndjson")] == [
        "events/a/2.ndjson",
        "events/b/3.ndjson",
    ]
    assert lake.list_folders("events/") == ["events/a/", "events/b/"]
    assert lake.head_object("events/nothing.ndjson") is None


def test_listing_and_head_give_the_same_etag(lake) -> None:
    listed = next(lake.list_objects("events/a/"))
    assert lake.head_object(listed.key).etag == listed.etag


def test_an_object_may_be_of_the_past(lake, tmp_path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"{}\n")
    lake.upload(file, "events/past/1.ndjson", 1_760_000_000.0)
    [entry] = lake.list_objects("events/past/")
    assert entry.last_modified.timestamp() == 1_760_000_000
