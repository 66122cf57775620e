"""Lines are read as ClickHouse reads them: what it took for JSON, and what not, was asked of chDB 26.9."""

import json

import pytest

from orchestration.contract.lines import MAX_DEPTH, MAX_LINE_BYTES, is_blank, parse_line, split_lines, wrapping_of


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a":1}', ""),
        (b' {"a":1}\r', ""),
        (b'\xef\xbb\xbf{"a":1}', ""),
        (b'{"a":123456789012345678901234}', ""),
        (b'{"a":"\\ud83d\\ude00"}', ""),
        (b'{"a":"\\u0000"}', ""),
        (b'{"a":-' + b"7" * 5000 + b"}", ""),
        (b"{}", ""),
        (b"", "not_json"),
        (b'{"a":1}{"a":2}', "not_json"),
        (b'{"a":1,}', "not_json"),
        (b'{"a":NaN}', "not_json"),
        (b'{"a":1e400}', "not_json"),
        (b'{"a":01}', "not_json"),
        (b'{"a":"\\ud800"}', "not_json"),
        (b'{"a":"\x01"}', "not_json"),
        (b"{'a':1}", "not_json"),
        (b"[1]", "not_object"),
        (b"null", "not_object"),
        (b'{"a":"\xe9"}', "invalid_utf8"),
        (b'{"a":"\xed\xa0\x80"}', "invalid_utf8"),
        (b'{"a":"' + b"x" * MAX_LINE_BYTES + b'"}', "too_long"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_a_line_is_an_object_or_has_its_reason(line: bytes, reason: str):
    parsed = parse_line(1, line)
    assert parsed.reason == reason
    assert (parsed.document is not None) == (reason == "")


@pytest.mark.parametrize(("containers", "reason"), [(MAX_DEPTH - 1, ""), (MAX_DEPTH, "not_json")])
def test_a_line_may_be_as_deep_as_clickhouse_reads(containers: int, reason: str):
    assert parse_line(1, b'{"a":' * containers + b"1" + b"}" * containers).reason == reason


def test_of_two_equal_keys_the_first_counts():
    assert parse_line(1, b'{"id":1,"verb":{"id":"a","id":"b"},"id":2}').document == {"id": 1, "verb": {"id": "a"}}


@pytest.mark.parametrize("digits", ["18446744073709551615", "-9223372036854775808", "0", "-5"])
def test_an_integer_of_64_bits_is_a_number(digits: str):
    assert parse_line(1, b'{"a":%s}' % digits.encode()).document == {"a": int(digits)}


@pytest.mark.parametrize("digits", ["18446744073709551616", "-9223372036854775809", "1" * 21])
def test_a_longer_integer_is_a_text(digits: str):
    assert parse_line(1, b'{"a":%s}' % digits.encode()).document == {"a": digits}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"statement":{"actor":{}}}', "wrapped_in_statement"),
        (b'{"x":1,"_source":{"actor":{}}}', "wrapped_in_source"),
        (b'{"data":[{"data":{"actor" : 1}}]}', "wrapped_in_data"),
        (b'{"message":"{\\"actor\\": {}}"}', "wrapped_in_message"),
        (b'{"statements":[]}', "wrapped_in_statements"),
        (b'{"verb":null,"data":{"actor":{}}}', ""),
        (b'{"other":{"actor":{}}}', ""),
        (b'{"data":{"name":"actor"}}', ""),
    ],
)
def test_an_object_around_a_statement_names_the_key_that_has_it(line: bytes, reason: str):
    assert wrapping_of(parse_line(1, line).document) == reason


@pytest.mark.parametrize("line", [b"", b" \t\r", b"\xef\xbb\xbf", b"\xef\xbb\xbf \r"])
def test_a_line_of_spaces_is_no_line(line: bytes):
    assert is_blank(line)
    assert not is_blank(line + b"\x0c")


def test_lines_are_cut_at_newlines_wherever_the_chunks_end():
    content = b"".join(json.dumps({"n": number}).encode() + b"\n" for number in range(50)) + b'{"n": 50}'
    for size in (1, 7, 64, 10_000):
        chunks = iter([content[start : start + size] for start in range(0, len(content), size)])
        assert list(split_lines(chunks)) == content.split(b"\n")


def test_blank_lines_count_and_a_final_newline_adds_none():
    assert list(split_lines(iter([b"a\n\nb\n"]))) == [b"a", b"", b"b"]
    assert list(split_lines(iter([]))) == []


def test_of_an_endless_line_little_is_kept():
    chunks = (b"x" * (1 << 20) for _ in range(64))
    (line,) = split_lines(chunks)
    assert MAX_LINE_BYTES < len(line) <= MAX_LINE_BYTES + (2 << 20)
