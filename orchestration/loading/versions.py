"""Whether the lake still holds the very version of a key that the ledger speaks of."""

from datetime import datetime
from typing import Protocol

from orchestration.loading.objects import Lake, LakeObject


class Version(Protocol):
    """One version of a key, as the ledger recorded it."""

    @property
    def key(self) -> str: ...

    @property
    def etag(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...

    @property
    def last_modified(self) -> datetime: ...


def is_version(version: Version, entry: LakeObject) -> bool:
    """HEAD tells the time in whole seconds, a listing often in milliseconds."""
    return (version.etag, version.size_bytes, int(version.last_modified.timestamp())) == (
        entry.etag,
        entry.size_bytes,
        int(entry.last_modified.timestamp()),
    )


def is_in_lake(lake: Lake, version: Version) -> bool:
    """Whether the lake could be asked for these bytes now."""
    entry = lake.head_object(version.key)
    return entry is not None and is_version(version, entry)
