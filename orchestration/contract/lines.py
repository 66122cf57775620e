"""From the bytes of a file to its JSON objects, line by line, as the load and ClickHouse read them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

MAX_LINE_BYTES = 16 << 20
"""A statement is 1–5 kB; one with a long transcript stays below 1 MB. A longer line than this is `too_long`."""
MAX_INTEGER_DIGITS = 21
MAX_DEPTH = 1024
"""ClickHouse's parser gives up below this many levels; the innermost value counts as one."""
# ClickHouse reads an integer of any length; orjson takes one of 309 digits for infinity.
_ENDLESS_INTEGER = re.compile(rb"(?<=[:\[, \t])(-?\d{300})\d+(?=[,}\]\s])")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BLANKS = r" \t\r"
"""A line of these only is no line; written as in a pattern."""
_BLANK_LINE = re.compile(b"(?:%b)?[%b]*" % (_BYTE_ORDER_MARK, BLANKS.encode()))
STATEMENT_KEYS = ("actor", "verb", "object")
WRAPPERS = (
    "statement",
    "statements",
    "event",
    "data",
    "payload",
    "body",
    "message",
    "detail",
    "record",
    "result",
    "value",
    "_source",
)
"""Keys under which other systems put a statement into an object of their own. Each is a reason of its own."""
WRAPPED_ACTOR = r'actor\\*"\s*:'
"""In JSON text: somewhere below is an actor, also where the statement is a text of JSON (its quotes are escaped)."""
_WRAPPED_ACTOR = re.compile(WRAPPED_ACTOR)


@dataclass(frozen=True)
class Line:
    """One line or element: its object, or the reason why it is none."""

    number: int
    document: dict[str, Any] | None
    reason: str = ""


def split_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a stream without their ends; of an over-long one only as much as shows that it is."""
    rest = b""
    for chunk in chunks:
        head, newline, tail = chunk.partition(b"\n")
        rest += head if len(rest) <= MAX_LINE_BYTES else b""
        if not newline:
            continue
        yield rest
        *lines, rest = tail.split(b"\n")
        yield from lines
    if rest:
        yield rest


def parse_line(number: int, line: bytes) -> Line:
    """The object of a line, or why the load refuses it."""
    if len(line) > MAX_LINE_BYTES:
        return Line(number, None, "too_long")
    return parse_text(number, line.removeprefix(_BYTE_ORDER_MARK))


def is_blank(line: bytes) -> bool:
    """Whether the line is no line at all."""
    return len(line) <= MAX_LINE_BYTES and bool(_BLANK_LINE.fullmatch(line))


def wrapping_reason(key: str) -> str:
    """Why a line is refused that has its statement under this key."""
    return f"wrapped_in_{key.removeprefix('_')}"


def wrapping_of(document: dict[str, Any]) -> str:
    """The reason for an object that is no statement and has one, or several, under a key of WRAPPERS; else empty."""
    if any(key in document for key in STATEMENT_KEYS):
        return ""
    wrapping = (key for key in document if key in WRAPPERS and _wraps(key, document[key]))
    return next(map(wrapping_reason, wrapping), "")


def _wraps(key: str, value: Any) -> bool:
    is_list = key == "statements" and isinstance(value, list)
    return is_list or bool(_WRAPPED_ACTOR.search(json.dumps(value, separators=(",", ":"))))


def _is_written_alike(document: dict, line: bytes) -> bool:
    """Whether orjson gives the line back to the byte, as most senders write it. Then no key comes twice."""
    try:
        return orjson.dumps(document) == line
    except orjson.JSONEncodeError:  # deeper than orjson writes
        return False


def parse_text(number: int, line: bytes) -> Line:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        shortened = _ENDLESS_INTEGER.sub(rb"\1", line)
        if shortened != line:
            return parse_text(number, shortened)
        return Line(number, None, "not_json" if _is_utf8(line) else "invalid_utf8")
    if _is_too_deep(line, document):
        return Line(number, None, "not_json")
    if not isinstance(document, dict):
        return Line(number, None, "not_object")
    if _is_written_alike(document, line):
        return Line(number, document)
    # ClickHouse takes the first of two equal keys, orjson the last; few lines have any, and finding them takes longer.
    return Line(number, json.loads(line, object_pairs_hook=_first_wins, parse_int=_read_integer))


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else dict(reversed(pairs))


def _read_integer(digits: str) -> int | str:
    """ClickHouse makes a text of an integer beyond 64 bits."""
    value = int(digits[:MAX_INTEGER_DIGITS])
    return value if len(digits) < MAX_INTEGER_DIGITS and -(1 << 63) <= value < 1 << 64 else digits


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_too_deep(line: bytes, document: Any) -> bool:
    """Counting brackets first: no honest line has a thousand of them, and walking down costs more than parsing."""
    if line.count(b"{") + line.count(b"[") < MAX_DEPTH:
        return False
    level = [document]
    for _ in range(MAX_DEPTH):
        containers = [value.values() if isinstance(value, dict) else value for value in level if _is_container(value)]
        level = [value for container in containers for value in container]
        if not level:
            return False
    return True


def _is_container(value: Any) -> bool:
    return isinstance(value, dict | list)


ERASED = "erased"
"""Why a line that names a person who was erased is refused; its text is not kept."""
EXPIRED = "expired"
"""Why a line is refused that was delivered longer ago than lines are kept; its text is not kept either."""
OWN_REASONS = (ERASED, EXPIRED)
"""Reasons that are no fault of the sender: the gate holds no file for them."""
