"""Files of whole documents: chosen only when they are nothing but objects."""

import json

import pytest

from orchestration.contract.documents import Answers, answers_in, is_document, read_elements, read_statements
from orchestration.contract.lines import MAX_LINE_BYTES

OBJECTS = [{"n": number, "text": "a]},{[é" * number} for number in range(5)]


def cut(content: bytes, size: int):
    return iter([content[start : start + size] for start in range(0, len(content), size)])


@pytest.mark.parametrize("size", [1, 3, 50, 100_000])
@pytest.mark.parametrize(
    "content",
    [
        json.dumps(OBJECTS),
        json.dumps(OBJECTS, indent=2, ensure_ascii=False),
        "\n\n".join(json.dumps(document, indent=2) for document in OBJECTS),
        "".join(json.dumps(document) for document in OBJECTS) + "\n",
        ",\n".join(json.dumps(document) for document in OBJECTS),
        "\ufeff" + json.dumps(OBJECTS)[:-1] + ",];",
    ],
    ids=["array", "pretty", "objects apart", "objects together", "commas between", "byte order mark, ends"],
)
def test_the_elements_are_read_in_order_wherever_the_chunks_end(content: str, size: int):
    elements = list(read_elements(cut(content.encode(), size)))
    assert [element.document for element in elements] == OBJECTS
    assert [element.number for element in elements] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "content",
    [
        b"[",
        b'[{"a":1}',
        b'[{"a":1},,{}]',
        b"[,{}]",
        b'[{"a":1}] x',
        b'[{"a":1},2]',
        b'{"a":1} x',
        b'[{"a":"\xe9"}]',
        b"[1]",
    ],
)
def test_what_breaks_anywhere_is_no_document(content: bytes):
    assert not is_document(cut(content, 4), content)


def test_a_document_begins_like_json():
    assert is_document(cut(b'\xef\xbb\xbf [\n{"a":1}]', 4), b"\xef\xbb\xbf [")
    assert not is_document(cut(b'\n{"a":1}', 4), b"")


STATEMENTS = [{"n": number, "text": "a]},{[é" * number} for number in range(5)]
ANSWERS = [{"more": "/next", "statements": STATEMENTS[:3]}, {"x": {"y": [12.5]}, "statements": STATEMENTS[3:], "n": 12}]


@pytest.mark.parametrize("size", [1, 3, 50, 100_000])
@pytest.mark.parametrize(
    "content",
    [
        "\n".join(map(json.dumps, ANSWERS)),
        json.dumps(ANSWERS, indent=2, ensure_ascii=False),
        "".join(json.dumps(document, indent=1) for document in ANSWERS),
    ],
    ids=["on lines", "pretty array", "one after the other"],
)
def test_the_statements_of_answers_are_numbered_through(content: str, size: int):
    statements = list(read_statements(cut(content.encode(), size)))
    assert [element.document for element in statements] == STATEMENTS
    assert [element.number for element in statements] == [1, 2, 3, 4, 5]
    assert answers_in(cut(content.encode(), size), content.encode()) == Answers(2, has_more=False)


def test_the_last_answer_says_whether_there_is_more():
    content = json.dumps(ANSWERS[0]).encode()
    assert answers_in(iter([content]), content) == Answers(1, has_more=True)


@pytest.mark.parametrize(
    "content",
    [
        b'{"statements":[{"a":1}]',
        b'{"statements":[{"a":1},]}',
        b'{"statements":[{"a":1},2]}',
        b'{"statements":{"a":1}}',
        b'{"statements":[],"statements":[]}',
        b'{"statements":[],"x":NaN}',
        b'{"statements":[],"actor":{}}',
        b'{"statements":[]} {"a":1}',
        b"[]",
        b"{}",
    ],
)
def test_what_is_anything_else_is_no_answer(content: bytes):
    assert answers_in(iter([content]), content) is None


def test_an_element_has_the_limit_of_a_line():
    long = b'[{"a":"' + b"x" * MAX_LINE_BYTES + b'"}]'
    assert not is_document(cut(long, 1 << 20), long)
