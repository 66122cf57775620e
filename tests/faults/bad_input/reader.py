"""What an object must come out as, read by Python alone: the oracle that the engine's reading is held against.

It shares no code with the load. Where the two differ, one of them is wrong.
"""

import io
import json
import math
import re
import zlib
from dataclasses import dataclass, field

import pyarrow
import pyarrow.parquet
import zstandard

MAX_LINE_BYTES = 16 << 20
KEPT_HEAD_BYTES = 4096
DEEPEST = 1023
BLANKS = b" \t\n\r\v\f"


class Unreadable(Exception):
    """The bytes are not what the ending of the key says; the code is why."""

    def __init__(self, code: str = "unreadable") -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Reading:
    """An object, row by row: the bytes that are kept, and why the row is refused (empty: it is not)."""

    form: str
    rows: list[tuple[bytes, str]] = field(default_factory=list)

    @property
    def reasons(self) -> list[str]:
        return [reason for _, reason in self.rows]


def read_object(key: str, body: bytes) -> Reading:
    """The rows of an object; raises Unreadable for one that must be parked."""
    if key.endswith(".parquet"):
        return Reading("parquet", [kept(line) for line in parquet_rows(body)])
    content = decompressed(key, body)
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    rows = [kept(line) for line in lines]
    if rows and rows[0][1] and lines[0].removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r")[:1] in (b"[", b"{"):
        elements = document_elements(content)
        if elements is not None and all(reason_to_refuse(element) == "" for element in elements):
            return Reading("document", [(element, "") for element in elements])
    return Reading("lines", rows)


def kept(line: bytes | None) -> tuple[bytes, str]:
    if line is None:
        return b"", "null_statement"
    reason = reason_to_refuse(line)
    return (line[:KEPT_HEAD_BYTES] if reason == "too_long" else line), reason


def reason_to_refuse(line: bytes) -> str:
    """Why the line is not a JSON object in valid UTF-8."""
    if len(line) > MAX_LINE_BYTES:
        return "too_long"
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return "invalid_utf8"
    text = text.removeprefix("\ufeff")
    if depth(text) > DEEPEST:
        return "not_json"
    try:
        value = json.loads(text, parse_constant=refuse, parse_float=finite, parse_int=len, object_pairs_hook=pairs)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate has no UTF-8
    except ValueError:
        return "not_json"
    return "" if isinstance(value, dict) else "not_object"


def refuse(constant: str) -> None:
    raise ValueError(constant)


def finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def pairs(found: list[tuple[str, object]]) -> dict:
    """A dict of all pairs: of equal keys every one counts, for a surrogate in one of them."""
    return {f"{number}{key}": value for number, (key, value) in enumerate(found)}


def depth(text: str) -> int:
    """How deep brackets nest outside of strings; the engine's parser does not count empty ones."""
    deepest = now = 0
    signs = re.sub(r'"(?:\\.|[^"\\])*"', '""', text, flags=re.DOTALL)
    for sign in re.sub(r"\[[ \t\r\n]*\]|\{[ \t\r\n]*\}", "0", signs):
        now += (sign in "[{") - (sign in "]}")
        deepest = max(deepest, now)
    return deepest


def document_elements(content: bytes) -> list[bytes] | None:
    """The elements of an array, or the objects one after another, as they are written; None when it is neither."""
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
        return [element.encode("utf-8") for element in elements_of(text)]
    except (ValueError, RecursionError):
        return None


def elements_of(text: str) -> list[str]:
    decoder = json.JSONDecoder(parse_int=len)
    blanks = BLANKS.decode()
    position = len(text) - len(text.lstrip(blanks))
    is_array = text[position : position + 1] == "["
    position += is_array
    found: list[str] = []
    while True:
        position = skip(text, position, blanks)
        # A comma may stand between two elements, or be left out; one after the last does no harm.
        if found and text[position : position + 1] == ",":
            position = skip(text, position + 1, blanks)
        if position == len(text) or text[position] in "];":
            break
        if text[position] != "{":
            raise ValueError(text[position])
        _, end = decoder.raw_decode(text, position)
        found.append(text[position:end])
        position = end
    if is_array:
        if text[position : position + 1] != "]":
            raise ValueError("the array does not end")
        position = skip(text, position + 1, blanks)
    if text[position : position + 1] == ";":
        position = skip(text, position + 1, blanks)
    if position != len(text):
        raise ValueError("something follows")
    return found


def skip(text: str, position: int, blanks: str) -> int:
    while position < len(text) and text[position] in blanks:
        position += 1
    return position


def decompressed(key: str, body: bytes) -> bytes:
    """The text of the object; every gzip member and zstd frame must be whole."""
    if key.endswith(".gz"):
        return all_members(body, lambda: zlib.decompressobj(31))
    if key.endswith(".zst"):
        return all_members(body, lambda: zstandard.ZstdDecompressor().decompressobj())
    return body


def all_members(body: bytes, new_member) -> bytes:
    parts = []
    while body:
        member = new_member()
        try:
            parts.append(member.decompress(body))
        except (zlib.error, zstandard.ZstdError) as error:
            raise Unreadable from error
        if not member.eof:
            raise Unreadable
        body = member.unused_data
    return b"".join(parts)


def parquet_rows(body: bytes) -> list[bytes | None]:
    if not body:
        return []
    try:
        table = pyarrow.parquet.read_table(io.BytesIO(body), page_checksum_verification=True)
    except (pyarrow.ArrowException, OSError) as error:
        raise Unreadable from error
    if "statement" not in table.column_names or pyarrow.types.is_nested(table.schema.field("statement").type):
        raise Unreadable("no_statement_column")
    column = table.column("statement")
    return [None if value is None else value for value in column.cast(pyarrow.binary()).to_pylist()]
