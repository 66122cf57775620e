"""A lake that is only a listing, and counts how much of it was read."""

from collections.abc import Iterator
from datetime import UTC, datetime

from orchestration.loading.lake.objects import LakeObject

MODIFIED = datetime(2026, 1, 5, tzinfo=UTC)


class ListedLake:
    """Keys without objects behind them."""

    bucket = "listed"

    def __init__(self, keys: list[str]) -> None:
        self.keys = sorted(keys)
        self.read = 0

    def list_objects(self, prefix: str, start_after: str = "") -> Iterator[LakeObject]:
        for key in self.keys:
            if key.startswith(prefix) and key > start_after:
                self.read += 1
                yield LakeObject(key, "etag", 1, MODIFIED)

    def list_folders(self, prefix: str) -> list[str]:
        return sorted({key[: key.index("/", len(prefix)) + 1] for key in self.keys if key.startswith(prefix)})
