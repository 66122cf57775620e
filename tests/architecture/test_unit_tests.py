"""How unit tests of dbt are written: rows that several of them share are anchors, and what is expected is one table."""

import re

import pytest
import yaml

from tests.architecture.project import ROOT

FILES = {
    str(path.relative_to(ROOT)): text
    for path in sorted((ROOT / "models").rglob("*.yml"))
    if "unit_tests:" in (text := path.read_text())
}


def with_uneven_rows(text: str) -> list[str]:
    """Unit tests whose expected rows differ in their columns or in the order of these: dbt joins rows by place."""
    tests = yaml.load(text, yaml.CSafeLoader)["unit_tests"]
    rows_of = {test["name"]: test["expect"].get("rows") for test in tests}
    return [name for name, rows in rows_of.items() if isinstance(rows, list) and len({tuple(row) for row in rows}) > 1]


def unused_anchors(text: str) -> list[str]:
    return [name for name in re.findall(r"&(\w+)", text) if not re.search(rf"\*{name}\b", text)]


@pytest.mark.parametrize("file", FILES)
def test_expected_rows_have_the_same_columns_in_the_same_order(file: str):
    assert with_uneven_rows(FILES[file]) == [], "a row with `<<:` beside one without names them in another order"


def test_every_anchor_is_used():
    assert {file: names for file, text in FILES.items() if (names := unused_anchors(text))} == {}


def test_rows_with_and_without_an_anchor_are_seen():
    text = """
anchors: [&usual {a: 1}, &left {b: 2}]
unit_tests:
  - name: uneven
    expect: {rows: [{<<: *usual, b: 1}, {b: 1, a: 1}]}
  - name: even
    expect: {rows: [{<<: *usual, b: 1}, {<<: *usual, a: 2, b: 1}]}
"""
    assert with_uneven_rows(text) == ["uneven"]
    assert unused_anchors(text) == ["left"]
