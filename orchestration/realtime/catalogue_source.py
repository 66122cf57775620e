"""The catalogue of the lake, or of a file, read again each minute, and the rules that follow from it."""

import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from orchestration.contract.check import read_lines
from orchestration.contract.files import UnreadableFile
from orchestration.realtime.catalogue import Delivered, current_items
from orchestration.realtime.rule_book import RuleBook, read_choices
from orchestration.realtime.settings import RealtimeSettings
from orchestration.resources.lake import S3Lake, connect_lake
from orchestration.settings import load_settings

logger = logging.getLogger(__name__)
REFRESH_SECONDS = 60.0
_CHUNK_BYTES = 1 << 20


class FreshRules:
    """The rule book of the moment. A thread looks at the lake for another catalogue; errors leave the last one."""

    def __init__(self, settings: RealtimeSettings, refresh_seconds: float = REFRESH_SECONDS) -> None:
        self._choices = read_choices(settings.rules_file)
        self._file = settings.catalogue_file
        self._lake = None if self._file else connect_lake(load_settings())
        self._listing: object = None
        self._book = RuleBook((), self._choices)
        self._refresh()
        threading.Thread(target=self._keep_fresh, args=(refresh_seconds,), name="catalogue", daemon=True).start()

    def book(self) -> RuleBook:
        return self._book

    def _refresh(self) -> None:
        if self._file:
            listing: object = self._file.stat().st_mtime_ns
            lines = delivered_in_file(self._file)
        else:
            objects = sorted(self._lake.list_objects("catalog/"), key=lambda entry: (entry.last_modified, entry.key))
            listing = [(entry.key, entry.etag) for entry in objects]
            lines = (
                line for entry in objects for line in delivered_lines(self._lake, entry.key, str(entry.last_modified))
            )
        if listing != self._listing:
            self._book, self._listing = RuleBook(current_items(lines), self._choices), listing

    def _keep_fresh(self, seconds: float) -> None:
        while True:
            time.sleep(seconds)
            try:
                self._refresh()
            except Exception as error:
                logger.warning("the catalogue cannot be read now, the last one stays: %s", error)


def delivered_in_file(path: Path) -> Iterator[Delivered]:
    """The lines of a catalogue that is a file."""
    with path.open("rb") as file:
        for line in read_lines(file, path.name, "catalog").lines:
            if line.document is not None:
                yield Delivered(line.document, "")


def delivered_lines(lake: S3Lake, key: str, delivered_at: str) -> Iterator[Delivered]:
    """The lines of a catalogue drop; none of one that cannot be read, which the load reports."""
    for document in documents_of(lake, key, "catalog"):
        yield Delivered(document, delivered_at)


def documents_of(lake: S3Lake, key: str, kind: str) -> Iterator[dict]:
    """The JSON objects of a drop, read as the load reads it."""
    with tempfile.TemporaryFile() as copy:
        for chunk in lake.read_chunks(key, _CHUNK_BYTES):
            copy.write(chunk)
        try:
            for line in read_lines(copy, Path(PurePosixPath(key)).name, kind).lines:
                if line.document is not None and not line.reason:
                    yield line.document
        except UnreadableFile as error:
            logger.warning("%s cannot be read: %s", key, error)
