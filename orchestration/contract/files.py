"""Files as streams of bytes: plain, gzip or zstd, whole or not, without ever holding one in memory."""

import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import zstandard

from orchestration.contract.forms import (
    GZIP,
    HEAD_BYTES,
    PARQUET_ENDING,
    ZSTD,
    Content,
    content_of,
    name_of,
    packed_content,
)

CHUNK_BYTES = 1 << 16
"""A chunk of a compressed file can become a thousand times as large; 64 KiB keep that below 70 MB."""
STANDARD_INPUT = Path("-")
_UNPACKERS: dict[str, Callable[[], Any]] = {
    GZIP: lambda: zlib.decompressobj(wbits=31),
    ZSTD: lambda: zstandard.ZstdDecompressor().decompressobj(),
}


class UnreadableFile(Exception):
    """The load would park the file: not one line of it counts."""


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file, or standard input copied to disk, because a document is read twice."""
    if path != STANDARD_INPUT:
        try:
            file = path.open("rb")
        except OSError as error:
            raise UnreadableFile(f"The system says: {error.strerror}.") from None
        with file:
            yield file
        return
    with tempfile.TemporaryFile() as copy:
        while chunk := sys.stdin.buffer.read(1 << 20):
            copy.write(chunk)
        yield copy


def decompressed(file: IO[bytes], name: str) -> Iterator[bytes]:
    """The content from its start, as the load reads it.

    A packing that the name claims must be there; under any other name the first bytes decide. Raises UnreadableFile
    for what is no text in UTF-8.
    """
    form = name_of(name)
    if form.advice:
        raise UnreadableFile(form.advice)
    if form.ending == PARQUET_ENDING:
        raise UnreadableFile("Parquet is not checked: write the column of statements to a file of lines.")
    file.seek(0)
    content = content_of(file.read(HEAD_BYTES))
    file.seek(0)
    packing = form.packing or (content.packing if content else "")
    if content and not (content.packing and content.packing == packing):
        raise UnreadableFile(_misnamed(content, packing))
    if not packing:
        return iter(lambda: file.read(CHUNK_BYTES), b"")
    return _text_only(_unpacked(file, _UNPACKERS[packing], packing), packing)


def look_at(path: Path) -> bytes:
    """The beginning of the content; raises UnreadableFile when it shows that the load would park or ignore the file."""
    with opened(path) as file:
        is_parquet = name_of(path.name).ending == PARQUET_ENDING
        return b"" if is_parquet else next(decompressed(file, path.name), b"")


def begins_like_json(path: Path) -> bool:
    """Whether the content begins with an object or a list."""
    return look_at(path).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def _misnamed(content: Content, packing: str) -> str:
    if content.packing:
        return f"It is named as {packing} and is {content.name}: rename it."
    return str(content)


def _text_only(chunks: Iterator[bytes], packing: str) -> Iterator[bytes]:
    """The chunks, when what was packed is text."""
    head = b""
    for chunk in chunks:
        head = head or chunk
        content = content_of(chunk[:HEAD_BYTES]) if head is chunk else None
        if content:
            raise UnreadableFile(packed_content(content, packing))
        yield chunk


def _unpacked(file: IO[bytes], new: Callable[[], Any], packing: str) -> Iterator[bytes]:
    """Several members one after the other are one content, as the load reads them."""
    unpacker, rest = new(), b""
    has_begun = False
    while chunk := rest or file.read(CHUNK_BYTES):
        has_begun = True
        try:
            content = unpacker.decompress(chunk)
        except (zlib.error, zstandard.ZstdError):
            raise UnreadableFile(f"It is not {packing}, or damaged: pack it again.") from None
        rest = unpacker.unused_data
        if unpacker.eof:
            unpacker, has_begun = new(), False
        if content:
            yield content
    if has_begun:
        raise UnreadableFile(f"Its {packing} data end too early: it was cut.")
