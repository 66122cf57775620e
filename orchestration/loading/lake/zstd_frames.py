"""Whether a zstd object is whole.

ClickHouse reads a truncated .zst to where it ends and reports no error: the lost lines would go unnoticed (a file cut
inside its first block came out as 0 lines; a cut gzip is an error there). The frame format (RFC 8878 §3.1) says where
the last block ends, so the headers are walked over the stored bytes; nothing is decompressed.
"""

from collections.abc import Iterator

_FRAME_MAGIC = 0xFD2FB528
_SKIPPABLE_MAGIC = range(0x184D2A50, 0x184D2A60)
_RLE_BLOCK, _RESERVED_BLOCK = 1, 3


class _Cut(Exception):
    """The bytes end, or stop making sense, inside a frame."""


def is_whole_zstd(chunks: Iterator[bytes]) -> bool:
    """Whether the chunks are one or more complete zstd frames; an object without bytes is."""
    reader = _Reader(chunks)
    try:
        while not reader.is_at_end():
            _skip_frame(reader)
    except _Cut:
        return False
    return True


def _skip_frame(reader: "_Reader") -> None:
    magic = reader.number(4)
    if magic in _SKIPPABLE_MAGIC:
        reader.skip(reader.number(4))
        return
    if magic != _FRAME_MAGIC:
        raise _Cut
    descriptor = reader.number(1)
    is_single_segment = bool(descriptor & 0x20)
    content_size_bytes = (1 if is_single_segment else 0, 2, 4, 8)[descriptor >> 6]
    dictionary_bytes = (0, 1, 2, 4)[descriptor & 0x03]
    reader.skip((0 if is_single_segment else 1) + dictionary_bytes + content_size_bytes)
    is_last = False
    while not is_last:
        header = reader.number(3)
        is_last, block_type, size = bool(header & 1), header >> 1 & 0x03, header >> 3
        if block_type == _RESERVED_BLOCK:
            raise _Cut
        reader.skip(1 if block_type == _RLE_BLOCK else size)
    if descriptor & 0x04:
        reader.skip(4)


class _Reader:
    """Bytes from chunks, with one chunk in memory."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""
        self._position = 0

    def is_at_end(self) -> bool:
        while self._position >= len(self._chunk):
            chunk = next(self._chunks, None)
            if chunk is None:
                return True
            self._chunk, self._position = chunk, 0
        return False

    def take(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            if self.is_at_end():
                raise _Cut
            piece = self._chunk[self._position : self._position + count - len(taken)]
            self._position += len(piece)
            taken += piece
        return taken

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "little")

    def skip(self, count: int) -> None:
        while count:
            if self.is_at_end():
                raise _Cut
            step = min(count, len(self._chunk) - self._position)
            self._position += step
            count -= step
