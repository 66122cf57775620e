"""Files that are no NDJSON: a JSON array, pretty-printed or concatenated objects.

The load reads a file so only when its first line is no statement and the whole of it is nothing but objects; the
number of an element, from 1, stands for the line's.
"""

import codecs
import json
import re
from collections.abc import Iterator
from itertools import count

from orchestration.contract.lines import MAX_LINE_BYTES, Line, parse_text

_BEGINNING = re.compile(rb"(\xef\xbb\xbf)?[ \t\r]*[\[{]")
_BLANKS = re.compile(r"[ \t\r\n]*")


class NotADocument(Exception):
    """The content is something else than JSON objects one after the other."""


def is_document(chunks: Iterator[bytes], first_line: bytes) -> bool:
    """Whether the content begins like JSON and is objects only."""
    if not _BEGINNING.match(first_line):
        return False
    try:
        for _ in read_elements(chunks):
            pass
    except NotADocument:
        return False
    return True


def read_elements(chunks: Iterator[bytes]) -> Iterator[Line]:
    """The elements in their order; raises NotADocument where the content stops being one.

    As ClickHouse reads them: a comma may stand after an element or not, and a semicolon at the end.
    """
    reader = _Reader(chunks)
    is_array = reader.take("[")
    for number in count(1):
        if reader.sees("];") or reader.is_over():
            break
        text = reader.element().encode("utf-8", "surrogatepass")
        element = parse_text(number, text)
        if element.document is None or len(text) > MAX_LINE_BYTES:
            raise NotADocument
        yield element
        reader.take(",")
    if is_array and not reader.take("]"):
        raise NotADocument
    reader.take(";")
    if not reader.is_over():
        raise NotADocument


class _Reader:
    """A window on the text that grows until it holds the next element."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._scan = json.JSONDecoder().raw_decode
        self._text, self._at, self._is_over = "", 0, False

    def take(self, sign: str) -> bool:
        self._skip_blanks()
        found = self._text.startswith(sign, self._at)
        self._at += found
        return found

    def sees(self, signs: str) -> bool:
        return not self.is_over() and self._text[self._at] in signs

    def is_over(self) -> bool:
        self._skip_blanks()
        return self._at >= len(self._text)

    def element(self) -> str:
        self._skip_blanks()
        while True:
            try:
                _, end = self._scan(self._text, self._at)
            except (ValueError, RecursionError):
                if len(self._text) - self._at > MAX_LINE_BYTES or not self._grow():
                    raise NotADocument from None
                continue
            start, self._at = self._at, end
            return self._text[start:end]

    def _skip_blanks(self) -> None:
        while True:
            self._at = _BLANKS.match(self._text, self._at).end()
            if self._at < len(self._text) or not self._grow():
                return

    def _grow(self) -> bool:
        """Read on, forgetting what is behind; false at the end."""
        if self._is_over:
            return False
        chunk = next(self._chunks, b"")
        try:
            more = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            raise NotADocument from None
        self._is_over = not chunk
        self._text, self._at = self._text[self._at :] + more, 0
        return True
