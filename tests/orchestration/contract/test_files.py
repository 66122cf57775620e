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


def test_an_empty_file_has_no_content():
    assert [read(b"", name) for name in ("a.ndjson", "a.ndjson.gz", "a.ndjson.zst", "-")] == [b""] * 4


def test_parquet_is_not_read_as_text():
    with pytest.raises(UnreadableFile, match="Parquet"):
        read(b"PAR1", "a.parquet")
