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
BOM = b"\xef\xbb\xbf"
WRAPPERS = ("statement", "statements", "event", "data", "payload", "body", "message", "detail", "record", "result")
WRAPPERS += ("value", "_source")
ARCHIVES = (b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"\xfd7zXZ\x00", b"BZh91AY&SY", b"SQLite format 3\x00", b"%PDF-")


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
    numbers: list[int] = field(default_factory=list)

    @property
    def reasons(self) -> list[str]:
        return [reason for _, reason in self.rows]


def read_object(key: str, body: bytes) -> Reading:
    """The rows of an object; raises Unreadable for one that must be parked."""
    if key.lower().endswith(".parquet"):
        return in_a_row("parquet", [kept(line) for line in parquet_rows(body)])
    content = decompressed(key, body)
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.removeprefix(BOM).strip(b" \t\r")]
    rows = [kept(line) for _, line in numbered]
    if rows and rows[0][1]:
        stop_if_no_text(content)
        if numbered[0][1].removeprefix(BOM).lstrip(b" \t\r")[:1] in (b"[", b"{"):
            read = read_whole(content, is_object=rows[0][1].startswith("wrapped_"))
            if read:
                return read
    return Reading("lines", rows, [number for number, _ in numbered])


def in_a_row(form: str, rows: list[tuple[bytes, str]]) -> Reading:
    return Reading(form, rows, list(range(1, len(rows) + 1)))


def read_whole(content: bytes, is_object: bool) -> Reading | None:
    """The content as answers of a record store, or (unless its first line is an object) as a document."""
    elements = document_elements(content)
    reasons = {reason_of_text(element) for element in elements or []}
    if elements is None or reasons - {"", "too_long"}:
        return None
    answers = [statements_of(element) for element in elements]
    if answers and None not in answers:
        return in_a_row("answers", [kept(statement) for answer in answers for statement in answer])
    return None if is_object or reasons - {""} else in_a_row("document", [kept(element) for element in elements])


def statements_of(element: bytes) -> list[bytes] | None:
    """The statements of an answer, as they are written; None for another object."""
    whole = json.loads(element)
    members = whole.get("statements")
    if whole.keys() & {"actor", "verb", "object"} or not isinstance(members, list):
        return None
    if not all(isinstance(member, dict) for member in members):
        return None
    text, decoder = element.decode(), json.JSONDecoder()
    position, key = 1, ""
    while True:
        position = skip(text, position, " \t\r\n,:")
        value, end = decoder.raw_decode(text, position)
        if key == "statements":
            return [element.encode() for element in elements_of(text[position:end])]
        key, position = ("", end) if key else (value, end)
        if key and key != "statements":
            position = skip(text, position, " \t\r\n:")
            _, position = decoder.raw_decode(text, position)
            key = ""


def stop_if_no_text(content: bytes) -> None:
    """Raise for what can be no lines at all: it is UTF-16, an archive, or packed once more."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or alternates(content[:4]) or alternates(content[1:5], content[:1]):
        raise Unreadable("utf16")
    if content.startswith((*ARCHIVES, b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        raise Unreadable


def alternates(four: bytes, before: bytes = b"\0") -> bool:
    """Whether every other byte is NUL, of ASCII in 16 bits: x 0 x 0 (or, after a 0, the same)."""
    letters, nuls = four[::2], four[1::2]
    is_ascii = letters[:1].isascii() and (letters[:1].isspace() or letters[:1].decode().isprintable())
    return before == b"\0" and len(nuls) > 0 and is_ascii and set(nuls) == {0} and 0 not in letters


def kept(line: bytes | None) -> tuple[bytes, str]:
    if line is None:
        return b"", "null_statement"
    reason = reason_to_refuse(line)
    return (line[:KEPT_HEAD_BYTES] if reason == "too_long" else line), reason


def reason_to_refuse(line: bytes) -> str:
    """Why the line is no statement by itself."""
    reason = reason_of_text(line)
    if reason:
        return reason
    whole = json.loads(line.decode().removeprefix("\ufeff"), object_pairs_hook=first_wins, parse_int=str)
    if whole.keys() & {"actor", "verb", "object"}:
        return ""
    for key, value in whole.items():
        is_list = key == "statements" and isinstance(value, list)
        if key in WRAPPERS and (is_list or re.search(r'actor\\*"\s*:', json.dumps(value, separators=(",", ":")))):
            return f"wrapped_in_{key.lstrip('_')}"
    return ""


def first_wins(pairs: list[tuple[str, object]]) -> dict:
    return dict(reversed(pairs)) if len(dict(pairs)) < len(pairs) else dict(pairs)


def reason_of_text(line: bytes) -> str:
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


def pairs(pairs: list[tuple[str, object]]) -> dict:
    """A dict of all pairs: of equal keys every one counts, for a surrogate in one of them."""
    return {f"{number}{key}": value for number, (key, value) in enumerate(pairs)}


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
    elements: list[str] = []
    while True:
        position = skip(text, position, blanks)
        # A comma may stand between two elements, or be left out; one after the last does no harm.
        if elements and text[position : position + 1] == ",":
            position = skip(text, position + 1, blanks)
        if position == len(text) or text[position] in "];":
            break
        if text[position] != "{":
            raise ValueError(text[position])
        _, end = decoder.raw_decode(text, position)
        elements.append(text[position:end])
        position = end
    if is_array:
        if text[position : position + 1] != "]":
            raise ValueError("the array does not end")
        position = skip(text, position + 1, blanks)
    if text[position : position + 1] == ";":
        position = skip(text, position + 1, blanks)
    if position != len(text):
        raise ValueError("something follows")
    return elements


def skip(text: str, position: int, blanks: str) -> int:
    while position < len(text) and text[position] in blanks:
        position += 1
    return position


def decompressed(key: str, body: bytes) -> bytes:
    """The text of the object; every gzip member and zstd frame must be whole."""
    name = key.lower()
    if name.endswith(".gz") or (body.startswith(b"\x1f\x8b") and not name.endswith(".zst")):
        return all_members(body, lambda: zlib.decompressobj(31))
    if name.endswith(".zst") or body.startswith(b"\x28\xb5\x2f\xfd"):
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
