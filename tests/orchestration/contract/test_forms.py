"""Which names are those of a drop, and what the first bytes of a file tell."""

import bz2
import gzip
import lzma

import pytest

from orchestration.contract.forms import content_of, is_working_file, name_of


@pytest.mark.parametrize(
    ("name", "stem", "ending", "packing"),
    [
        ("a.ndjson", "a", ".ndjson", ""),
        ("A.JSON", "A", ".json", ""),
        ("a.b.jsonl.GZ", "a.b", ".jsonl.gz", "gzip"),
        ("a.json.zst", "a", ".json.zst", "zstd"),
        ("a.Parquet", "a", ".parquet", ""),
        ("a", "a", "", ""),
        ("a.gz", "a", ".gz", "gzip"),
        ("stream-1-2026.01.05", "stream-1-2026.01.05", "", ""),
        ("my.stream-1-2026-01-05", "my.stream-1-2026-01-05", "", ""),
        ("-", "-", "", ""),
    ],
)
def test_a_name_of_a_drop(name: str, stem: str, ending: str, packing: str):
    parts = name_of(name)
    assert (parts.stem, parts.ending, parts.packing, parts.advice) == (stem, ending, packing, "")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a.csv", "write each row as one JSON object per line"),
        ("a.CSV.gz", "write each row as one JSON object per line"),
        ("a.xlsx", "A table is not read"),
        ("a.zip", "Unpack the archive"),
        ("a.tar.gz", "Unpack the archive"),
        ("a.tgz", "Unpack the archive"),
        ("a.ndjson.bz2", "Unpack it"),
        ("a.parquet.gz", "Unpack it"),
        ("a.json.txt", "rename it so that it ends in .ndjson"),
        ("a.html", "a page or a document"),
        (".DS_Store", "working file"),
        ("a.ndjson.part", "working file"),
    ],
)
def test_any_other_name_has_its_advice(name: str, advice: str):
    assert advice in name_of(name).advice


def test_no_table_is_told_to_be_renamed():
    assert not any("rename" in name_of(f"a.{ending}").advice for ending in ("csv", "tsv", "xlsx", "zip", "tar"))


def test_working_files_are_those_of_other_tools():
    assert [is_working_file(name) for name in ("_SUCCESS", ".x", "a.tmp", "a_b.json")] == [True, True, True, False]


@pytest.mark.parametrize("text", ["{}", '{"a":1}\r\n', "[\n", " {"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_known_with_and_without_its_mark(text: str, encoding: str):
    content = content_of(text.encode(encoding))
    assert content.code == "utf16"
    assert f"iconv -f {'UTF-16' if encoding == 'utf-16' else encoding.upper().replace('16-', '16')}" in str(content)


@pytest.mark.parametrize(
    "head", [b"", b"{", b'{"a":1}', b"\xef\xbb\xbf{}", b"\x00{}", b'{"a":"\x00"}', b"text", b"BZh"]
)
def test_what_may_be_text_is_left_to_its_lines(head: bytes):
    assert content_of(head) is None


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (gzip.compress(b"", mtime=0), "gzip"),
        (bz2.compress(b"x"), "bzip2"),
        (lzma.compress(b"x"), "xz"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"SQLite format 3\x00", "an SQLite database"),
    ],
)
def test_what_is_no_text_is_known_by_its_first_bytes(head: bytes, name: str):
    assert content_of(head).name.startswith(name)
