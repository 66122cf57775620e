"""The lake as boto3 and the engine's s3() see it."""

import gzip
import time
from collections.abc import Callable

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from orchestration.embedded.services import Services
from orchestration.settings import LOCAL_BUCKET

Query = Callable[..., str]


@pytest.fixture(scope="module")
def connect(services: Services, recorded: dict) -> Callable:
    def make(secret: str = recorded["lake"]["secret_access_key"]):
        return boto3.client(
            "s3",
            endpoint_url=services.lake_endpoint_url,
            aws_access_key_id=recorded["lake"]["access_key_id"],
            aws_secret_access_key=secret,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    return make


@pytest.fixture(scope="module")
def lake(connect: Callable):
    return connect()


def listed(lake, prefix: str) -> list[tuple]:
    entries = lake.list_objects_v2(Bucket=LOCAL_BUCKET, Prefix=prefix).get("Contents", [])
    return [(o["Key"], o["ETag"].strip('"'), o["LastModified"], o["Size"]) for o in entries]


def test_the_bucket_exists(lake) -> None:
    assert [bucket["Name"] for bucket in lake.list_buckets()["Buckets"]] == [LOCAL_BUCKET]


def test_etag_size_and_time_stay_the_same_until_the_object_changes(lake) -> None:
    key = "stable/a.ndjson"
    put = lake.put_object(Bucket=LOCAL_BUCKET, Key=key, Body=b"first")["ETag"].strip('"')
    first = listed(lake, "stable/")
    head = lake.head_object(Bucket=LOCAL_BUCKET, Key=key)
    assert first == listed(lake, "stable/")
    assert put == first[0][1] == head["ETag"].strip('"')
    assert head["ContentLength"] == first[0][3] == 5
    lake.put_object(Bucket=LOCAL_BUCKET, Key=key, Body=b"other")
    assert listed(lake, "stable/")[0][1] != put


def test_a_new_object_is_listed_at_once_and_a_deleted_one_is_not(lake) -> None:
    assert listed(lake, "fresh/") == []
    lake.put_object(Bucket=LOCAL_BUCKET, Key="fresh/deep/a.txt", Body=b"x")
    assert [entry[0] for entry in listed(lake, "fresh/")] == ["fresh/deep/a.txt"]
    lake.delete_object(Bucket=LOCAL_BUCKET, Key="fresh/deep/a.txt")
    assert listed(lake, "fresh/") == []


def test_the_lake_rests_after_many_uploads(lake, services: Services) -> None:
    """With `--dir-cache-time 0` it span on a core for ever and then hung."""
    for number in range(60):
        lake.put_object(Bucket=LOCAL_BUCKET, Key=f"many/{number % 7}/{number}.txt", Body=b"x")
    process = psutil.Process(services.lake_pid)
    time.sleep(0.3)
    before = process.cpu_times()
    time.sleep(1)
    after = process.cpu_times()
    assert after.user + after.system - before.user - before.system < 0.1
    assert len(listed(lake, "many/")) == 60


def test_wrong_keys_are_refused(connect: Callable) -> None:
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        connect(secret="wrong").list_buckets()


def test_the_engine_reads_objects_and_their_virtual_columns(
    lake, services: Services, recorded: dict, query: Query
) -> None:
    key = "events/demo/dt=2026-01-01/a b+é%.ndjson.gz"
    lines = [f'{{"id":{number}}}' for number in range(1000)]
    lake.put_object(Bucket=LOCAL_BUCKET, Key=key, Body=gzip.compress("\n".join(lines).encode()))
    [(_, etag, modified, size)] = listed(lake, "events/demo/")
    access = f"'{recorded['lake']['access_key_id']}', '{recorded['lake']['secret_access_key']}'"
    source = f"s3('{services.lake_endpoint_url}/lake/events/**', {access}, 'LineAsString', 'line String')"
    query(
        "create or replace table default.lines engine = MergeTree order by tuple() as select _path as path, "
        "_file as file, _size as size, _time as time, _etag as etag, _row_number as number, line "
        f"from {source}"
    )
    columns = "path, file, size, toUnixTimestamp(time), etag"
    answer = query(f"select {columns}, count(), uniqExact(number) from default.lines group by all")
    path, file, found_size, time, found_etag, count, numbers = answer.rstrip("\n").split("\t")
    assert (path, file) == (f"lake/{key}", "a b+é%.ndjson.gz")
    assert (int(found_size), found_etag.strip('"')) == (size, etag)
    # rclone writes 20.920 s as "20.92", which the engine cannot read and takes for 1970: nothing here relies on _time.
    assert int(time) == int(modified.timestamp()) or (int(time) == 0 and modified.microsecond % 10_000 == 0)
    assert (count, numbers) == ("1000", "1000")
    assert query("select line from default.lines order by number limit 1") == '{"id":0}\n'


def test_an_object_that_is_not_gzip_is_an_error(lake, services: Services, recorded: dict, http) -> None:
    lake.put_object(Bucket=LOCAL_BUCKET, Key="broken/a.ndjson.gz", Body=gzip.compress(b"x\n" * 5000)[:-20])
    access = f"'{recorded['lake']['access_key_id']}', '{recorded['lake']['secret_access_key']}'"
    source = f"s3('{services.lake_endpoint_url}/lake/broken/*', {access}, 'LineAsString', 'line String')"
    answer = http.post("/", content=f"select count(line) from {source}".encode())
    assert answer.status_code >= 400
    assert recorded["lake"]["secret_access_key"] not in answer.text
