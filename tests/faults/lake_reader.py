"""A second reader of the lake, in plain Python: the half of the oracle that does not trust the generator.

It shares no code with the warehouse. boto3 lists and reads, gzip and zstandard unpack, json judges the lines.
"""

import gzip
import hashlib
import io
import json
import re
import zlib
from typing import Any

import zstandard

_DROP = re.compile(r"^events/[^/]+/(?:[^/]+/)*[^/_.][^/]*\.(?:ndjson|jsonl|json)(?P<packed>\.gz|\.zst)?$")

Rows = list[tuple[int, str, bool]]
"""(line number, MD5 of the line, whether it can be a statement)."""


def read_lake(s3: Any, bucket: str) -> dict[str, Rows | None]:
    """The rows of every drop, by key; None for an object that cannot be read to its end."""
    rows_by_key: dict[str, Rows | None] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", ()):
            name = _DROP.match(entry["Key"])
            if name:
                body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                rows_by_key[entry["Key"]] = _rows(body, name["packed"])
    return rows_by_key


def _rows(body: bytes, packed: str | None) -> Rows | None:
    try:
        data = _unpack(body, packed)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError):
        return None
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [
        (number, hashlib.md5(line).hexdigest(), _can_be_statement(line))
        for number, line in enumerate(lines, start=1)
        if line
    ]


def _unpack(body: bytes, packed: str | None) -> bytes:
    if packed == ".gz":
        return gzip.decompress(body)
    if packed == ".zst":
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body), read_across_frames=True) as stream:
            return stream.read()
    return body


def _can_be_statement(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line.decode()), dict)
    except ValueError:
        return False
