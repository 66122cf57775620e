"""Files as bytes: packed or not, whole or not."""

import gzip
import io

import pytest
import zstandard

from orchestration.contract.files import UnreadableFile, decompressed

CONTENT = b'{"a":1}\n' * 50_000


def pack_zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


def read(packed: bytes, name: str) -> bytes:
    return b"".join(decompressed(io.BytesIO(packed), name))


@pytest.mark.parametrize(("pack", "ending"), [(bytes, ""), (gzip.compress, ".gz"), (pack_zstd, ".zst")])
def test_the_ending_says_how_a_file_is_packed(pack, ending: str):
    assert read(pack(CONTENT), f"a.ndjson{ending}") == CONTENT
    assert read(pack(CONTENT) + pack(b"rest"), f"a.ndjson{ending}") == CONTENT + b"rest"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, pack_zstd])
def test_standard_input_is_known_by_its_first_bytes(pack):
    assert read(pack(CONTENT), "-") == CONTENT


@pytest.mark.parametrize(("pack", "ending"), [(gzip.compress, "gz"), (pack_zstd, "zst")])
def test_a_cut_or_foreign_file_cannot_be_read(pack, ending: str):
    with pytest.raises(UnreadableFile, match="cut"):
        read(pack(CONTENT)[:-9], f"a.ndjson.{ending}")
    with pytest.raises(UnreadableFile, match="damaged"):
        read(CONTENT, f"a.ndjson.{ending}")
    with pytest.raises(UnreadableFile, match="damaged"):
        read(pack(CONTENT) + b"garbage", f"a.ndjson.{ending}")


def test_under_another_name_the_first_bytes_say_how_a_file_is_packed():
    for name in ("a.json", "A.NDJSON", "stream-1-2026-01-05"):
        assert [read(pack(CONTENT), name) for pack in (bytes, gzip.compress, pack_zstd)] == [CONTENT] * 3


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("{}".encode("utf-16"), "a.json", "UTF-16 text"),
        (gzip.compress("{}\n".encode("utf-16-le"), mtime=0), "a.json.gz", "Within gzip: It is UTF-16LE text"),
        (gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), "a.json.gz", "packed twice"),
        (pack_zstd(b"{}"), "a.json.gz", "named as gzip and is zstd"),
        (b"PK\x03\x04", "a.json", "ZIP archive"),
        (b"a,b", "a.csv", "A table is not read"),
        (b"{}", "_a.json", "working file"),
    ],
)
def test_what_the_load_would_not_read_says_what_it_is(content: bytes, name: str, words: str):
    with pytest.raises(UnreadableFile, match=words):
        read(content, name)


def test_an_empty_file_has_no_content():
    assert [read(b"", name) for name in ("a.ndjson", "a.ndjson.gz", "a.ndjson.zst", "-")] == [b""] * 4


def test_parquet_is_not_read_as_text():
    with pytest.raises(UnreadableFile, match="Parquet"):
        read(b"PAR1", "a.parquet")
