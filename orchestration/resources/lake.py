"""The lake: one bucket of drops, spoken to over S3. Drops are only ever added, never overwritten or deleted."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from orchestration.aws_clients import DEFAULT_SESSION, AwsSession, aws_client
from orchestration.loading.errors import WarehouseError, without_secrets
from orchestration.loading.lake.objects import LakeObject
from orchestration.settings import LakeSettings, Settings

READ_TIMEOUT, MAX_ATTEMPTS = 60, 3
FORBIDDEN = ("AccessDenied", "403", "MethodNotAllowed", "InvalidObjectState", "ObjectLocked")
"""What an S3 server answers to a write that its rules forbid."""


class LakeUnavailable(WarehouseError):
    """The lake cannot be reached, does not let us in, or has no such bucket."""


class S3Lake:
    """The bucket of the settings. Makes no network call until first used; each call translates its errors."""

    def __init__(self, settings: LakeSettings, target: str = "server", client: Any = None) -> None:
        self.bucket = settings.bucket
        self._settings = settings
        self._target = target
        self._s3 = client or lake_client(settings)

    def list_objects(self, prefix: str, start_after: str = "") -> Iterator[LakeObject]:
        """All objects below the prefix, in key order."""
        arguments: dict[str, Any] = {"Bucket": self.bucket, "Prefix": prefix}
        if start_after:
            arguments["StartAfter"] = start_after
        try:
            for page in self._s3.get_paginator("list_objects_v2").paginate(**arguments):
                for entry in page.get("Contents", ()):
                    yield _lake_object(entry["Key"], entry["ETag"], entry["Size"], entry["LastModified"])
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable(error) from error

    def list_folders(self, prefix: str) -> list[str]:
        """The folders directly below the prefix, each with its final slash."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
        try:
            return [folder["Prefix"] for page in pages for folder in page.get("CommonPrefixes", ())]
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable(error) from error

    def head_object(self, key: str) -> LakeObject | None:
        """The object as it is now; None when it is gone."""
        try:
            head = self._s3.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey", "NotFound"):
                return None
            raise self._unavailable(error) from error
        except BotoCoreError as error:
            raise self._unavailable(error) from error
        return _lake_object(key, head["ETag"], head["ContentLength"], head["LastModified"])

    def read_chunks(self, key: str, chunk_bytes: int) -> Iterator[bytes]:
        """The object's stored bytes, piece by piece."""
        try:
            yield from self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].iter_chunks(chunk_bytes)
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable(error) from error

    def upload(self, path: Path, key: str, modified_at: float | None = None) -> None:
        """Write a local file to the key.

        `modified_at`, in seconds since 1970, is the object's time in a local lake; AWS keeps the time of the upload.
        """
        metadata = {} if modified_at is None else {"mtime": f"{modified_at:.3f}"}
        try:
            with path.open("rb") as file:
                self._s3.put_object(Bucket=self.bucket, Key=key, Body=file, Metadata=metadata)
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable(error) from error

    def overwrite(self, key: str, body: bytes) -> bool:
        """Write a new version of the key; False when the lake forbids it.

        Only an erasure does this: everything else adds. Where the bucket keeps versions, the older ones are deleted.
        """
        try:
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=body)
            return self._delete_old_versions(key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in FORBIDDEN:
                return False
            raise self._unavailable(error) from error
        except BotoCoreError as error:
            raise self._unavailable(error) from error

    def _delete_old_versions(self, key: str) -> bool:
        try:
            kept = self._s3.get_bucket_versioning(Bucket=self.bucket).get("Status")
        except ClientError:
            return True  # a server that does not know versions keeps none
        if not kept:
            return True
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=key)
        for page in pages:
            for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if version["Key"] == key and not version["IsLatest"]:
                    self._s3.delete_object(Bucket=self.bucket, Key=key, VersionId=version["VersionId"])
        return True

    def _unavailable(self, error: Exception) -> LakeUnavailable:
        settings = self._settings
        where = settings.endpoint_url or f"AWS S3 ({settings.region})"
        text = without_secrets(" ".join(str(error).split()), settings.secrets())
        code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
        if code in ("NoSuchBucket", "404"):
            return LakeUnavailable(
                f"The lake at {where} has no bucket '{self.bucket}'. Create it, or check LAKE_BUCKET."
            )
        if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "403", "ExpiredToken"):
            return LakeUnavailable(
                f"The lake at {where} refused the access keys for bucket '{self.bucket}' ({code}). "
                "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that they may list and read the bucket."
            )
        if type(error).__name__ == "NoCredentialsError":
            return LakeUnavailable(
                f"No keys for the lake at {where}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run on a "
                "machine whose role may read the bucket."
            )
        if isinstance(error, BotoCoreError):
            advice = (
                "Start the local services with 'uv run warehouse up'."
                if self._target == "local"
                else "Check LAKE_ENDPOINT_URL, and that it can be reached from here."
            )
            return LakeUnavailable(f"The lake at {where} does not answer ({type(error).__name__}). {advice}")
        return LakeUnavailable(f"The lake at {where} cannot be used: {text[:300]}")


def connect_lake(settings: Settings, client: Any = None) -> S3Lake:
    """The lake of these settings, through this client of boto3 or its own."""
    return S3Lake(settings.lake, settings.target, client)


def lake_client(settings: LakeSettings, max_attempts: int = MAX_ATTEMPTS, session: AwsSession = DEFAULT_SESSION) -> Any:
    """boto3 for the lake."""
    return aws_client("s3", settings, settings.endpoint_url, READ_TIMEOUT, max_attempts, session)


def _lake_object(key: str, etag: str, size_bytes: int, last_modified: datetime) -> LakeObject:
    """Listing and GET quote the etag differently, and boto3 answers in the machine's time zone: one form for both."""
    return LakeObject(key, etag.strip('"'), size_bytes, last_modified.astimezone(UTC))
