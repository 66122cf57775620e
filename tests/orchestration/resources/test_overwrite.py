"""What an erasure writes to the lake: the new version alone is left, where the bucket keeps versions as well."""

from dataclasses import replace

import pytest

from orchestration.resources.lake import S3Lake
from orchestration.settings import Settings
from tests.object_store import s3_client

KEY = "events/web/dt=2026-01-05/a.ndjson"


@pytest.fixture
def elsewhere(settings: Settings, sqs_address: str, request: pytest.FixtureRequest) -> Settings:
    """A bucket of its own on a server that knows versions."""
    bucket = f"lake-{abs(hash(request.node.name))}"
    settings = replace(settings, lake=replace(settings.lake, endpoint_url=sqs_address, bucket=bucket))
    s3_client(settings).create_bucket(Bucket=bucket)
    return settings


def versions(settings: Settings) -> list[tuple[str, bytes]]:
    s3, bucket = s3_client(settings), settings.lake.bucket
    listed = s3.list_object_versions(Bucket=bucket)
    assert "DeleteMarkers" not in listed
    return [
        (one["Key"], s3.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read())
        for one in listed["Versions"]
    ]


@pytest.mark.parametrize("status", ["Enabled", "Suspended", ""])
def test_older_versions_go_and_other_keys_stay(elsewhere: Settings, status: str) -> None:
    s3, bucket = s3_client(elsewhere), elsewhere.lake.bucket
    if status:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1\n", b"2\n"):
        s3.put_object(Bucket=bucket, Key=KEY, Body=body)
        s3.put_object(Bucket=bucket, Key=f"{KEY}.gz", Body=body)
    if status == "Suspended":
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    neighbours = [version for version in versions(elsewhere) if version[0] != KEY]
    assert S3Lake(elsewhere.lake, "server").overwrite(KEY, b"3\n")
    assert sorted(versions(elsewhere)) == sorted([(KEY, b"3\n"), *neighbours])
