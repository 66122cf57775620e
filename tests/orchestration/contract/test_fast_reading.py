"""Lines as compact senders write them are read in one go, and come to the same as the careful reading."""

import json

import pytest

from orchestration.contract.lines import parse_line


@pytest.mark.parametrize(
    ("line", "document"),
    [
        (b'{"a":1,"a":2}', {"a": 1}),
        (b'{"a":{"b":1,"b":2}}', {"a": {"b": 1}}),
        (b'{"a":18446744073709551616}', {"a": "18446744073709551616"}),
        (b'{"a":18446744073709551615}', {"a": 18446744073709551615}),
        (b'{"a":"\\"a\\":1","b":[{"a":1}]}', {"a": '"a":1', "b": [{"a": 1}]}),
        (b'{"a": 1, "a": 2}', {"a": 1}),
        ('{"a":"ü"}'.encode(), {"a": "ü"}),
        (b'{"a":1.5,"b":1e2}', {"a": 1.5, "b": 100.0}),
    ],
)
def test_of_two_equal_keys_the_first_counts_and_long_integers_are_texts(line: bytes, document: dict):
    assert json.dumps(parse_line(1, line).document) == json.dumps(document)
