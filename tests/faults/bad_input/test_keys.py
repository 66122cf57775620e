"""No key breaks out of the statement that reads it, and no key reads another object."""

import re
from itertools import count

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from orchestration.loading.lake.objects import is_unsafe, reason_to_ignore
from orchestration.loading.steps.land import lake_source
from orchestration.settings import LakeSettings

ADDRESS = re.compile(r"s3\('http://lake\.example/bucket/([A-Za-z0-9_.~/%,{}-]*)', 'LineAsString', 'line String'\)")
LAKE = LakeSettings(
    bucket="bucket", endpoint_url="http://lake.example", region="r", access_key_id="", secret_access_key=""
)
_numbers = count(1)

PIECES = [
    "'",
    "\\'",
    '"',
    "`",
    ";",
    "--",
    "/*",
    ")",
    "::",
    " :: ",
    ".zip",
    ".tar.gz",
    "%",
    "%27",
    "%2F",
    "%7B",
    "&",
    "+",
]
PIECES += [
    "=",
    "@",
    "!",
    "|",
    "~",
    "^",
    "$",
    "[",
    "]",
    "[a-z]",
    "(a|b)",
    "<",
    ">",
    ",",
    "#",
    " ",
    "\\",
    "ü",
    "日本",
    "😀",
]
PIECES += ["{a,b}", "{1..3}", "*", "**", "?", "{", "}", "\n", "\t", "\x7f", "\u240a", "é", "é", "a", "b", "1"]
names = st.lists(st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=6)


@given(keys=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=5))
def test_no_key_can_end_the_text_of_the_address(keys: list[str]) -> None:
    source, _ = lake_source(LAKE, keys)
    address = ADDRESS.fullmatch(source)
    assert address
    pattern = address.group(1)
    # The braces and commas that the list of keys is made of, and none of a key's own.
    assert len(re.findall("[{},]", pattern)) == (len(keys) + 1 if len(keys) > 1 else 0)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(key_names=st.lists(names.map("".join), min_size=1, max_size=8, unique=True))
def test_each_key_reads_its_own_object_or_none(put, lake, load_prefix, readings, key_names: list[str]) -> None:
    prefix = f"events/keys/{next(_numbers):06d}/"
    bodies = {}
    for name in ["a", "b", "1", "ab", "a,b", *key_names]:
        key = f"{prefix}x{name}.ndjson"
        body = b'{"key":"%s"}' % key.encode().hex().encode()
        try:
            put(key, body)
        except (ClientError, ValueError):
            continue  # a key that this lake does not take
        bodies[key] = body
    listed = {entry.key for entry in lake.list_objects(prefix) if not reason_to_ignore(entry.key)}
    bodies = {key: body for key, body in bodies.items() if not reason_to_ignore(key)}
    assume(listed == bodies.keys() | {key for key in listed if is_unsafe(key)})
    report = load_prefix(prefix)
    assert report.failed == []
    assert {failure.drop.key: failure.code for failure in report.parked} == {
        key: "unsafe_key" for key in listed if is_unsafe(key)
    }
    read = {key: reading.rows for key, reading in readings(prefix).items()}
    assert read == {key: [(bodies[key], "")] for key in listed if not is_unsafe(key)}
