"""Files as streams of bytes: plain, gzip or zstd, whole or not, without ever holding one in memory."""

import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import zstandard

CHUNK_BYTES = 1 << 16
"""A chunk of a compressed file can become a thousand times as large; 64 KiB keep that below 70 MB."""
STANDARD_INPUT = Path("-")
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


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
    """The content from its start. The name's ending says how it is packed, as it will in the lake; standard input has
    none, so its first bytes say it."""
    if name.endswith(".parquet"):
        raise UnreadableFile("Parquet is not checked: write the column of statements to a file of lines.")
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    ending = name.rpartition(".")[2]
    if ending == "gz" or (name == str(STANDARD_INPUT) and head.startswith(_GZIP_MAGIC)):
        return _unpacked(file, lambda: zlib.decompressobj(wbits=31), "gzip")
    if ending == "zst" or (name == str(STANDARD_INPUT) and head == _ZSTD_MAGIC):
        return _unpacked(file, lambda: zstandard.ZstdDecompressor().decompressobj(), "zstd")
    return iter(lambda: file.read(CHUNK_BYTES), b"")


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
