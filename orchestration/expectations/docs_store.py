"""Where the pages of Data Docs are kept: a folder, or a prefix of a bucket."""

import fcntl
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from botocore.exceptions import ClientError

from orchestration.aws_clients import aws_client
from orchestration.settings import LakeSettings, Settings

ENTRIES = "entries.json"
"""What the index shows; the list of the pages that are kept."""
S3 = "s3://"


class DocsStore(Protocol):
    """A place for pages."""

    def read_entries(self) -> list[dict]:
        """What was written with the pages the last time."""

    def write(self, pages: dict[str, str], entries: list[dict]) -> None:
        """Write pages by name, then the entries; pages of loads that have no entry are deleted."""


@contextmanager
def open_store(settings: Settings) -> Iterator[DocsStore]:
    """The place that the settings name."""
    if settings.data_docs_url.startswith(S3):
        bucket, _, prefix = settings.data_docs_url.removeprefix(S3).partition("/")
        # Two loaders at once: the later index lacks the other's pages until that loader writes again.
        yield S3Store(settings.lake, bucket, prefix.strip("/"))
        return
    folder = Path(settings.data_docs_url)
    if not (folder / "loads").exists():
        (folder / "loads").mkdir(parents=True)
        (folder / "loads").chmod(folder.stat().st_mode & 0o755)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield FolderStore(folder)


class FolderStore:
    """Pages as files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read_entries(self) -> list[dict]:
        path = self._folder / ENTRIES
        return _entries(path.read_text()) if path.exists() else []

    def write(self, pages: dict[str, str], entries: list[dict]) -> None:
        for name, page in pages.items():
            self._replace(name, page)
        self._replace(ENTRIES, json.dumps(entries))
        kept = _kept(entries)
        for path in (self._folder / "loads").iterdir():
            if f"loads/{path.name}" not in kept:
                path.unlink(missing_ok=True)

    def _replace(self, name: str, text: str) -> None:
        """A page that a reader opens is whole, the old one or the new one."""
        aside = self._folder / f"{name}.new"
        aside.write_text(text)
        # As open as the folder: pages in the home are the owner's, those in a folder for colleagues are for them too.
        aside.chmod(self._folder.stat().st_mode & 0o644)
        aside.replace(self._folder / name)


class S3Store:
    """Pages as objects, written with the keys of the lake."""

    def __init__(self, settings: LakeSettings, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._s3 = aws_client("s3", settings, settings.endpoint_url, read_timeout=20, max_attempts=2)

    def read_entries(self) -> list[dict]:
        try:
            response = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + ENTRIES)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return []
            raise
        return _entries(response["Body"].read().decode())

    def write(self, pages: dict[str, str], entries: list[dict]) -> None:
        before = self.read_entries()
        for name, page in pages.items():
            self._put(name, page, "text/html; charset=utf-8")
        self._put(ENTRIES, json.dumps(entries), "application/json")
        for name in _kept(before) - _kept(entries):
            self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    def _put(self, name: str, text: str, content_type: str) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=text.encode(), ContentType=content_type)


def _entries(text: str) -> list[dict]:
    """Written by us; a file that a full disk cut short is started again."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return []
    return [entry for entry in document if isinstance(entry, dict) and "load_id" in entry and "judged_at" in entry]


def _kept(entries: Iterable[dict]) -> set[str]:
    return {f"loads/{entry['load_id']}.html" for entry in entries}
