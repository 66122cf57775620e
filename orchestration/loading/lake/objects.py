"""What lies in the lake: drops, their identity, and which keys are drops at all.

A drop is one object below a watched prefix. Its identity is the hash of bucket, key, etag, size and last_modified, so
that an overwritten key is a new object and the same object is never loaded twice.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from orchestration.contract.forms import ENDINGS, PARQUET_ENDING, is_working_file, name_of
from orchestration.drop_kinds import DROP_KINDS, has_statements

RAW_TABLES = {kind.name: kind.raw_table for kind in DROP_KINDS.values()}
"""Kind of drop → the table that keeps its lines."""

LINES, DOCUMENT, ANSWERS, PARQUET = "lines", "document", "answers", "parquet"
"""Forms an object is read in: one statement per line; a JSON array, a pretty-printed object or objects one after
another; answers of a record store, `{"statements": […]}`; a Parquet file with a column of statements."""

_GLOB_OR_CONTROL = re.compile(r"[{}*?\x00-\x1f\x7f\u2400-\u2424]")
"""ClickHouse reads `{ } * ?` in a key as a pattern and offers no escape. rclone lists a control character as its
Unicode picture (a newline as U+240A) and does not find the object under that name again."""


@dataclass(frozen=True)
class LakeObject:
    """One entry of the lake's listing."""

    key: str
    etag: str
    size_bytes: int
    last_modified: datetime


class Lake(Protocol):
    """The part of the lake the load needs; `orchestration.resources.lake` implements it."""

    bucket: str

    def list_objects(self, prefix: str, start_after: str = "") -> Iterator[LakeObject]:
        """All objects below the prefix, in key order."""

    def list_folders(self, prefix: str) -> list[str]:
        """The folders directly below the prefix, each with its final slash."""

    def head_object(self, key: str) -> LakeObject | None:
        """The object as it is now; None when it is gone."""

    def read_chunks(self, key: str, chunk_bytes: int) -> Iterator[bytes]:
        """The object's stored bytes, piece by piece."""


@dataclass(frozen=True)
class Drop:
    """One object to load."""

    object_id: str
    kind: str
    source: str
    bucket: str
    key: str
    etag: str
    size_bytes: int
    last_modified: datetime
    form: str = LINES
    packing: str = ""
    """gzip or zstd, when its bytes say so; empty: what its name says."""
    has_more: bool = False
    """The answer of a record store, which names a next page."""

    @property
    def path(self) -> str:
        """How ClickHouse names the object in `_path`."""
        return f"{self.bucket}/{self.key}"

    @property
    def table(self) -> str:
        return RAW_TABLES[self.kind]

    def read_as(self, form: str) -> "Drop":
        """The same object, to be read in another form."""
        return replace(self, form=form)

    def packed_as(self, packing: str) -> "Drop":
        """The same object, to be unpacked although its name does not say so."""
        return replace(self, packing=packing)


def drop_from(bucket: str, entry: LakeObject) -> Drop:
    """The drop behind a listing entry whose key is a drop's (see `reason_to_ignore`)."""
    kind, _, rest = entry.key.partition("/")
    folder, slash, _ = rest.partition("/")
    return Drop(
        object_id=object_id(bucket, entry),
        kind=kind,
        source=folder if has_statements(kind) and slash else "",
        bucket=bucket,
        key=entry.key,
        etag=entry.etag,
        size_bytes=entry.size_bytes,
        last_modified=entry.last_modified,
        form=PARQUET if name_of(entry.key.rpartition("/")[2]).ending == PARQUET_ENDING else LINES,
    )


def object_id(bucket: str, entry: LakeObject) -> str:
    """Hash of the five facts that tell one version of an object from every other."""
    modified = entry.last_modified.astimezone(UTC).isoformat(timespec="milliseconds")
    facts = [bucket, entry.key, entry.etag, entry.size_bytes, modified]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def reason_to_ignore(key: str) -> str:
    """Why a listed key is not a drop; empty when it is one."""
    kind, _, rest = key.partition("/")
    name = key.rpartition("/")[2]
    if not name:
        return "folder marker"
    if is_working_file(name):
        return "working file of another tool"
    advice = name_of(name).advice
    if advice:
        return f"file ending is not {ENDINGS}: {advice}"
    if has_statements(kind) and "/" not in rest:
        return f"no source folder: expected {kind}/<source>/…"
    return ""


def is_unsafe(key: str) -> bool:
    """Whether the key could make ClickHouse read other objects than the one meant."""
    return bool(_GLOB_OR_CONTROL.search(key))
