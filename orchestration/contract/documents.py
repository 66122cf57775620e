"""Files that are no NDJSON: a JSON array, pretty-printed or concatenated objects, and answers of a record store.

The load reads a file so only when its first line is no statement and the whole of it is nothing but objects; the
number of an element, from 1, stands for the line's. An answer is `{"statements": […], "more": …}`, as the xAPI query
API sends it; a file of answers only is read as the statements in them.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from orchestration.contract.lines import MAX_LINE_BYTES, STATEMENT_KEYS, Line, parse_text

_BEGINNING = re.compile(rb"(\xef\xbb\xbf)?[ \t\r]*[\[{]")
_BLANKS = re.compile(r"[ \t\r\n]*")


class NotADocument(Exception):
    """The content is something else than JSON objects one after the other."""


@dataclass
class Answers:
    """What was seen of a file of answers, once it was read."""

    count: int = 0
    has_more: bool = False
    """The last answer names a next page."""


def is_document(chunks: Iterator[bytes], first_line: bytes) -> bool:
    """Whether the content begins like JSON and is objects only."""
    return bool(_BEGINNING.match(first_line)) and _is_read(read_elements(chunks))


def answers_in(chunks: Iterator[bytes], first_line: bytes) -> Answers | None:
    """What can be said of a content that is answers only; None for any other."""
    answers = Answers()
    is_all = _BEGINNING.match(first_line) and _is_read(read_statements(chunks, answers))
    return answers if is_all and answers.count else None


def _is_read(lines: Iterator[Line]) -> bool:
    try:
        for _ in lines:
            pass
    except NotADocument:
        return False
    return True


def read_elements(chunks: Iterator[bytes]) -> Iterator[Line]:
    """The elements in their order; raises NotADocument where the content stops being one."""
    reader = _Reader(chunks)
    number = count(1)
    for _ in _objects(reader):
        yield _object_of(next(number), reader.value())


def read_statements(chunks: Iterator[bytes], answers: Answers | None = None) -> Iterator[Line]:
    """The statements of all answers in their order; raises NotADocument where the content is anything else."""
    reader = _Reader(chunks)
    answers = answers or Answers()
    number = count(1)
    for _ in _objects(reader):
        answers.count += 1
        for text in _statements_of(reader, answers):
            yield _object_of(next(number), text)


def _objects(reader: "_Reader") -> Iterator[None]:
    """Stops before each object, which must be read before the next step.

    As ClickHouse reads them: a comma may stand after an element or not, and a semicolon at the end.
    """
    is_array = reader.take("[")
    while not (reader.sees("];") or reader.is_over()):
        yield
        reader.take(",")
    if is_array and not reader.take("]"):
        raise NotADocument
    reader.take(";")
    if not reader.is_over():
        raise NotADocument


def _statements_of(reader: "_Reader", answers: Answers) -> Iterator[str]:
    """The texts of the statements of the answer that begins here."""
    reader.expect("{")
    names: list[str] = []
    answers.has_more = False
    while not names or reader.take(","):
        names.append(_text_of(reader.value()))
        reader.expect(":")
        if names[-1] == "statements" and reader.sees("["):
            yield from _members(reader)
            continue
        value = reader.value()
        if parse_text(0, value.encode("utf-8", "surrogatepass")).reason not in ("", "not_object"):
            raise NotADocument
        if names[-1] == "more":
            answers.has_more = value.startswith('"') and value != '""'
        elif names[-1] in ("statements", *STATEMENT_KEYS):
            raise NotADocument
    reader.expect("}")
    if names.count("statements") != 1:
        raise NotADocument


def _members(reader: "_Reader") -> Iterator[str]:
    reader.expect("[")
    if reader.take("]"):
        return
    yield reader.value()
    while reader.take(","):
        yield reader.value()
    reader.expect("]")


def _text_of(value: str) -> str:
    text = json.loads(value)
    if not isinstance(text, str):
        raise NotADocument
    return text


def _object_of(number: int, text: str) -> Line:
    content = text.encode("utf-8", "surrogatepass")
    element = parse_text(number, content)
    if element.document is None or len(content) > MAX_LINE_BYTES:
        raise NotADocument
    return element


class _Reader:
    """A window on the text that grows until it holds the next element."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._scan = json.JSONDecoder().raw_decode
        self._text, self._at, self._is_over = "", 0, False

    def take(self, sign: str) -> bool:
        self._skip_blanks()
        is_there = self._text.startswith(sign, self._at)
        self._at += is_there
        return is_there

    def sees(self, signs: str) -> bool:
        return not self.is_over() and self._text[self._at] in signs

    def is_over(self) -> bool:
        self._skip_blanks()
        return self._at >= len(self._text)

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise NotADocument

    def value(self) -> str:
        """The text of the JSON value that begins here."""
        self._skip_blanks()
        while True:
            try:
                _, end = self._scan(self._text, self._at)
            except (ValueError, RecursionError):
                if len(self._text) - self._at > MAX_LINE_BYTES or not self._grow():
                    raise NotADocument from None
                continue
            if end == len(self._text) and self._text[end - 1] not in '}]"' and self._grow():
                continue  # a number may go on
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
