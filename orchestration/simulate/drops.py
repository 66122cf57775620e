"""The files of a simulated lake, as the sending systems would write them, always with the same bytes."""

import os
import zlib
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from orchestration.simulate.plants import STARTED_ON

DELIVERED_AFTER = timedelta(days=1, minutes=15)
"""From the start of a folder's day to the time of its files: exporters send a day when it is over."""
GZIP_LEVEL = 1
GZIP_WINDOW_BITS = 31
# Files being compressed at a time; each holds a day of one source in memory.
MOST_PENDING = 4


def compress(text: bytes) -> bytes:
    """gzip with no name and no time in its header, so that equal text gives equal bytes."""
    compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW_BITS)
    return compressor.compress(text) + compressor.flush()


def encode_lines(lines: Iterable[str]) -> bytes:
    """Lines to bytes; lone surrogates (so a line that is not UTF-8 is carried here) become the bytes they stand for."""
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


class DropWriter:
    """Writes event files below a folder while the next ones are being made (compression does not hold the GIL)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file_count = 0
        self._pool = ThreadPoolExecutor(1)
        self._pending: list[Future[None]] = []
        self._known_folders: set[Path] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)
        for pending in self._pending:
            if kind is None:
                pending.result()

    def write_events(self, source: str, day: int, name: str, lines: list[str]) -> None:
        """Queues `events/<source>/dt=<day>/<name>.ndjson.gz`; the file's time is that of its delivery."""
        date = STARTED_ON + timedelta(days=day)
        path = self.folder / "events" / source / f"dt={date:%Y-%m-%d}" / f"{name}.ndjson.gz"
        if path.parent not in self._known_folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._known_folders.add(path.parent)
        self.file_count += 1
        self._pending.append(self._pool.submit(self._write, path, lines, date))
        while len(self._pending) > MOST_PENDING:
            self._pending.pop(0).result()

    @staticmethod
    def _write(path: Path, lines: list[str], date: date) -> None:
        path.write_bytes(compress(encode_lines(lines)))
        delivered_at = (datetime.combine(date, time(), UTC) + DELIVERED_AFTER).timestamp()
        os.utime(path, (delivered_at, delivered_at))


def write_objects(path: Path, objects: Iterable[object]) -> int:
    """Writes one JSON object per line, not compressed; returns how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [orjson.dumps(thing) for thing in objects]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return len(lines)
