"""Files of a disk as they could be read by someone who wants to: unpacked as far as their format is known.

Files of the engine hold compressed blocks, each with a checksum of 16 bytes, a method, two sizes and the bytes.
"""

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path

import lz4.block
import zstandard

_HEAD = struct.Struct("<BII")
_CHECKSUM_BYTES, _LARGEST = 16, 1 << 30
_LZ4, _ZSTD, _NONE = 0x82, 0x90, 0x02
_GZIP, _ZSTD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
PIECE_BYTES, OVERLAP_BYTES = 64 << 20, 4096
"""A file is looked at in pieces; each begins with the end of the one before, so that no text is cut in two."""


def readings(path: Path) -> Iterator[bytes]:
    """The bytes of the file, and again unpacked, if it is packed in a way that we know."""
    with path.open("rb") as file:
        head = file.read(_CHECKSUM_BYTES + _HEAD.size)
    yield from _pieces(path)
    if head.startswith(_GZIP):
        yield from _unpacked(lambda file: gzip.GzipFile(fileobj=file), path)
    elif head.startswith(_ZSTD_MAGIC):
        yield from _unpacked(
            lambda file: zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True), path
        )
    elif _is_block(head):
        yield from _blocks(path)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _overlapping(file)


def _overlapping(file) -> Iterator[bytes]:
    tail = b""
    while piece := file.read(PIECE_BYTES):
        yield tail + piece
        tail = piece[-OVERLAP_BYTES:]


def _unpacked(opened, path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from _overlapping(opened(file))
    except (OSError, EOFError, zstandard.ZstdError):
        return  # what cannot be unpacked was read as it is


def _is_block(head: bytes) -> bool:
    if len(head) < _CHECKSUM_BYTES + _HEAD.size:
        return False
    method, packed, size = _HEAD.unpack_from(head, _CHECKSUM_BYTES)
    return method in (_LZ4, _ZSTD, _NONE) and _HEAD.size <= packed <= _LARGEST and size <= _LARGEST


def _blocks(path: Path) -> Iterator[bytes]:
    """The engine's blocks, unpacked, each with the end of the one before."""
    tail = b""
    with path.open("rb") as file:
        while _is_block(head := file.read(_CHECKSUM_BYTES + _HEAD.size)):
            method, packed, size = _HEAD.unpack_from(head, _CHECKSUM_BYTES)
            body = _block(method, file.read(packed - _HEAD.size), size)
            yield tail + body
            tail = (tail + body)[-OVERLAP_BYTES:]


def _block(method: int, packed: bytes, size: int) -> bytes:
    try:
        if method == _LZ4:
            return lz4.block.decompress(packed, uncompressed_size=size)
        if method == _ZSTD:
            return zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
    except (lz4.block.LZ4BlockError, zstandard.ZstdError):
        return b""
    return packed
