"""The forms of a file: which names are those of a drop, and what the first bytes tell.

One list for `warehouse put`, `warehouse check` and the load. What is not on it has the advice that a person needs.
"""

import re
from dataclasses import dataclass

GZIP, ZSTD = "gzip", "zstd"
PACKINGS = {".gz": GZIP, ".zst": ZSTD}
ENDINGS = ".ndjson, .jsonl, .json or none, each with or without .gz or .zst, or .parquet"
PARQUET_ENDING = ".parquet"
HEAD_BYTES = 64
"""How much of a file `content_of` looks at."""

_TEXT_ENDINGS = ("", ".ndjson", ".jsonl", ".json")
# Dates and versions in a name (`stream-1-2026.01.05`, `export-1.2`) are no ending.
_ENDING = re.compile(r"(?<=.)\.[a-z][a-z0-9]{0,9}$")

_WORKING = re.compile(r"[_.]|.*\.(tmp|part)$")
_RENAME_WORKING = "It is named as a working file of another tool, and never read: rename it, without _ or . in front."
_TABLE = (
    "A table is not read. Export JSON from the record store (xAPI's GET /statements), or write each row as one JSON "
    "object per line, which for events is a statement: see orchestration/contract/contract.md."
)
_ARCHIVE = "Unpack the archive and send the files that are in it."
_PACKED = "Unpack it; if it must be packed, pack it with gzip (.gz) or zstd (.zst)."
_TEXT = "If each of its lines is a JSON statement, rename it so that it ends in .ndjson."
_PAGE = "Send the statements as JSON; this is a page or a document."
_STORE = "Write its statements to a file, one JSON object per line."
_ADVICE = {
    _TABLE: "csv tsv xls xlsx ods",
    _ARCHIVE: "zip tar tgz tbz txz 7z rar",
    _PACKED: "bz2 xz lz4 br snappy lzo z gzip zstd",
    _PAGE: "xml html htm pdf docx md",
    _STORE: "sql db sqlite avro orc feather pickle",
}
_ADVICE_OF = {f".{ending}": advice for advice, endings in _ADVICE.items() for ending in endings.split()}


@dataclass(frozen=True)
class Name:
    """A file's name, taken apart."""

    stem: str
    ending: str
    """In lower case, the packing's included; empty without one."""
    packing: str = ""
    """What the name claims: gzip, zstd, or nothing."""
    advice: str = ""
    """What to do about a file whose ending is none of a drop's; empty for a drop."""


def is_working_file(file_name: str) -> bool:
    """Whether the name is one that tools give to what is not finished, or not meant to be read."""
    return bool(_WORKING.match(file_name))


def name_of(file_name: str) -> Name:
    """What the name says of the file. Upper case is as good as lower case."""
    lower = file_name.lower()
    packed = next((ending for ending in PACKINGS if lower.endswith(ending) and lower != ending), "")
    inner = lower.removesuffix(packed)
    match = _ENDING.search(inner)
    ending = match.group() if match else ""
    stem = file_name[: len(inner) - len(ending)]
    if is_working_file(file_name):
        return Name(stem, ending + packed, advice=_RENAME_WORKING)
    if ending in _TEXT_ENDINGS or (ending == PARQUET_ENDING and not packed):
        return Name(stem, ending + packed, PACKINGS.get(packed, ""))
    if ending == PARQUET_ENDING:
        advice = "Unpack it: a Parquet file is packed within."
    else:
        advice = _ADVICE_OF.get(ending, _TEXT)
    return Name(stem, ending + packed, PACKINGS.get(packed, ""), advice)


@dataclass(frozen=True)
class Content:
    """What first bytes tell of a file that is no text in UTF-8."""

    name: str
    packing: str = ""
    """gzip or zstd, which are read; else the file is not read as lines."""
    advice: str = ""
    code: str = "unreadable"
    """With which the load parks it."""

    def __str__(self) -> str:
        return f"It is {self.name}. {self.advice}"


_CONTENTS = {
    b"\x1f\x8b": Content("gzip", GZIP),
    b"\x28\xb5\x2f\xfd": Content("zstd", ZSTD),
    b"PK\x03\x04": Content("a ZIP archive (or .xlsx, .docx, which are ZIP)", advice=_ARCHIVE),
    b"PK\x05\x06": Content("an empty ZIP archive", advice=_ARCHIVE),
    b"7z\xbc\xaf\x27\x1c": Content("a 7z archive", advice=_ARCHIVE),
    b"Rar!\x1a\x07": Content("a RAR archive", advice=_ARCHIVE),
    b"\xfd7zXZ\x00": Content("xz", advice=_PACKED),
    b"\x04\x22\x4d\x18": Content("lz4", advice=_PACKED),
    b"SQLite format 3\x00": Content("an SQLite database", advice=_STORE),
    b"Obj\x01": Content("Avro", advice=_STORE),
    b"%PDF-": Content("PDF", advice=_PAGE),
}
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
_BYTE_ORDER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_UTF16_UNMARKED = {
    "UTF-16LE": re.compile(rb"[\t\n\r -~]\x00(?:[^\x00]\x00|$)", re.DOTALL),
    "UTF-16BE": re.compile(rb"\x00[\t\n\r -~](?:\x00[^\x00]|$)", re.DOTALL),
}


def content_of(head: bytes) -> Content | None:
    """What the first bytes say; None for what may be text, which every line then shows for itself."""
    encoding = _utf16_of(head)
    if encoding:
        return Content(f"{encoding} text, as PowerShell writes it", advice=_convert(encoding), code="utf16")
    if _BZIP2.match(head):
        return Content("bzip2", advice=_PACKED)
    return next((content for magic, content in _CONTENTS.items() if head.startswith(magic)), None)


def packed_content(content: Content, packing: str) -> str:
    """The cause when a packed file holds no text: what it is, and what to do."""
    if content.packing:
        return f"It is packed twice: there is {content.name} within {packing}. Unpack it once."
    return f"Within {packing}: {content}"


def _utf16_of(head: bytes) -> str:
    marked = _BYTE_ORDER_MARKS.get(head[:2], "")
    return marked or next((name for name, signs in _UTF16_UNMARKED.items() if signs.match(head)), "")


def _convert(encoding: str) -> str:
    return (
        f"Convert it to UTF-8 and send it again: iconv -f {encoding} -t UTF-8 OLD > NEW; in PowerShell: "
        "Get-Content OLD | Set-Content -Encoding utf8 NEW."
    )
