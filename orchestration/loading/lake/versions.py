"""Whether the lake still holds the very version of a key that the ledger speaks of."""

from typing import Protocol

from orchestration.loading.lake.objects import Lake, LakeObject


class Version(Protocol):
    """One version of a key, as the ledger recorded it."""

    @property
    def key(self) -> str: ...

    @property
    def etag(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...


def is_version(version: Version, entry: LakeObject) -> bool:
    """The same bytes, whatever their time: HEAD has whole seconds where a listing has milliseconds, and of a restored
    copy rclone lists the old time and answers HEAD with the new one.
    """
    return (version.etag, version.size_bytes) == (entry.etag, entry.size_bytes)


def is_in_lake(lake: Lake, version: Version) -> bool:
    """Whether the lake could be asked for these bytes now."""
    entry = lake.head_object(version.key)
    return entry is not None and is_version(version, entry)
