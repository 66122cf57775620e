"""Good statements, damaged at random: the engine and Python read the same rows from the same bytes.

Each example is a handful of objects loaded as one batch, so that a damaged object is always among others.
"""

import gzip
import io
import json
from itertools import count

import pyarrow
import pyarrow.parquet
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.bad_input.reader import Reading, Unreadable, read_object

EXAMPLES = 8
"""Each is up to twelve objects, and loading them takes seconds. Raise it to look for more."""
_numbers = count(1)

STATEMENT = {
    "id": "0d1c8ed0-8b4f-4bb8-9f3a-4b1a0c5f0001",
    "actor": {"account": {"homePage": "https://lms.example", "name": 'Ünï \\ "quoted" 😀'}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/scored", "display": {"de-DE": "erzielte"}},
    "object": {"id": "https://lms.example/quiz/1", "definition": {"extensions": {}}},
    "result": {"score": {"scaled": -0.25, "raw": 1e3, "max": 18446744073709551616}, "success": True, "response": None},
    "context": {"contextActivities": {"parent": [{"id": "x"}, {"id": "y"}]}},
}
PIECES = [bytes([byte]) for byte in b'{}[],:"\\\n\r\t 0-.eEuntf;/\x00\x1f\x7f\x80\xbf\xc3\xed\xf0\xff'] + [
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\\u0000",
    b"null",
    b"1e999",
    b"{}",
    b"[]",
    b"\r\n",
    b"\x0b\x0c",
]

texts = st.lists(
    st.sampled_from([STATEMENT, {"a": 1}, {}, {"é": ["\u2028", 0.1, -1]}]).map(
        lambda value: json.dumps(value, ensure_ascii=False).encode()
    ),
    min_size=1,
    max_size=4,
)
shapes = st.sampled_from(
    [
        lambda lines: b"".join(line + b"\n" for line in lines),
        lambda lines: b"\r\n".join(lines),
        lambda lines: b"[" + b",".join(lines) + b"]",
        lambda lines: b"[\n" + b",\n".join(lines) + b"\n]\n",
        lambda lines: b"".join(lines),
        lambda lines: b'{"statements":[' + b",".join(lines) + b'], "more":""}',
        lambda lines: b"\n\n".join(b'{"statements":[' + line + b"]}" for line in lines),
        lambda lines: json.dumps([json.loads(line) for line in lines], indent=1).encode(),
    ]
)
PACKINGS = {
    ".ndjson": lambda body: body,
    ".json": lambda body: gzip.compress(body, mtime=0),
    ".json.gz": lambda body: gzip.compress(body[:40], mtime=0) + gzip.compress(body[40:], mtime=0),
    ".jsonl.zst": lambda body: zstandard.ZstdCompressor(write_checksum=True).compress(body),
}


@st.composite
def damaged(draw: st.DrawFn, whole: bytes, most: int) -> bytes:
    """The bytes after up to `most` changes: a bit flipped, a piece inserted, a slice deleted or doubled, a cut."""
    body = bytearray(whole)
    for _ in range(draw(st.integers(0, most))):
        at = draw(st.integers(0, len(body)))
        length = draw(st.sampled_from([1, 1, 2, 7, 100]))
        match draw(st.sampled_from(["flip", "insert", "insert", "delete", "double", "cut"])):
            case "flip" if at < len(body):
                body[at] ^= 1 << draw(st.integers(0, 7))
            case "insert":
                body[at:at] = draw(st.sampled_from(PIECES))
            case "delete":
                del body[at : at + length]
            case "double":
                body[at:at] = body[at : at + length]
            case "cut":
                del body[at:]
    return bytes(body)


@st.composite
def objects(draw: st.DrawFn) -> tuple[str, bytes]:
    """An ending and the bytes of an object: damaged before it was packed, sometimes after."""
    ending = draw(st.sampled_from(list(PACKINGS)))
    text = draw(damaged(draw(shapes)(draw(texts)), 3))
    packed = PACKINGS[ending](text)
    return ending, draw(damaged(packed, 1)) if ending != ".ndjson" else packed


@st.composite
def parquet_objects(draw: st.DrawFn) -> tuple[str, bytes]:
    """A Parquet file whose statements are damaged, and which is sometimes cut."""
    rows = [
        None if line is None else draw(damaged(line, 1)) for line in draw(st.lists(st.none() | texts.map(b"".join)))
    ]
    table = pyarrow.table({"statement": pyarrow.array(rows, pyarrow.binary())})
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file, row_group_size=draw(st.sampled_from([1, 2, 100])))
    whole = file.getvalue()
    return ".parquet", whole[: draw(st.integers(4, len(whole)))] if draw(st.booleans()) else whole


def expected_of(key: str, body: bytes) -> Reading | str:
    try:
        return read_object(key, body)
    except Unreadable as error:
        return error.code


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(bodies=st.lists(objects() | objects() | objects() | parquet_objects(), min_size=1, max_size=12))
def test_the_engine_reads_what_python_reads(put, load_prefix, readings, bodies: list[tuple[str, bytes]]) -> None:
    prefix = f"events/mutations/{next(_numbers):06d}/"
    expected = {}
    for number, (ending, body) in enumerate(bodies):
        key = put(f"{prefix}{number:02d}{ending}", body)
        expected[key] = expected_of(key, body)
    report = load_prefix(prefix)
    assert report.failed == []
    assert readings(prefix) | {failure.drop.key: failure.code for failure in report.parked} == expected
