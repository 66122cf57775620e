"""ClickHouse reads a cut .zst without an error; the walk over its frames must find every cut."""

import random

import zstandard

from orchestration.loading.lake.zstd_frames import is_whole_zstd

LINES = b"".join(b'{"id":%d,"x":"%s"}\n' % (i, random.Random(i).randbytes(40).hex().encode()) for i in range(5000))


def chunks(data: bytes, size: int):
    return (data[at : at + size] for at in range(0, len(data), size))


def test_whole_frames_of_every_form_are_whole() -> None:
    plain = zstandard.compress(LINES)
    checked = zstandard.ZstdCompressor(write_checksum=True, level=19).compress(LINES)
    streamed = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    unknown_size = streamed.compress(LINES) + streamed.flush()
    skippable = (0x184D2A53).to_bytes(4, "little") + (5).to_bytes(4, "little") + b"hello"
    constant = zstandard.compress(b"a" * 1_000_000)
    for whole in (plain, checked, unknown_size, constant, zstandard.compress(b""), plain + skippable + checked, b""):
        for size in (1, 7, 1 << 20):
            assert is_whole_zstd(chunks(whole, size))


def test_every_cut_is_found() -> None:
    whole = zstandard.ZstdCompressor(write_checksum=True).compress(LINES)
    assert len(whole) > 130_000  # more than one block
    for length in [*range(1, 40), *range(1000, len(whole), 9973), *range(len(whole) - 10, len(whole))]:
        assert not is_whole_zstd(chunks(whole[:length], 65536)), length


def test_what_is_not_zstd_is_not_whole() -> None:
    assert not is_whole_zstd(chunks(LINES, 65536))
    assert not is_whole_zstd(chunks(zstandard.compress(LINES) + b"garbage", 65536))
