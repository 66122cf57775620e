"""A threshold outside its documented range stops the start, with a sentence that names it."""

from pathlib import Path

import pytest
import yaml

from orchestration.dbt_process.var_ranges import (
    LINE,
    PROJECT_FILE,
    check_var_ranges,
    documented_range,
    values_out_of_range,
)
from orchestration.settings import SettingsError

WITHOUT_RANGE = {"refresh_months", "mail_addresses_ignore_case"}


def project(*lines: str) -> str:
    return "name: small\nvars:\n" + "".join(f"  {line}\n" for line in lines)


def test_the_projects_own_vars_are_within_their_ranges():
    check_var_ranges()


def test_every_var_is_checked():
    """One whose line cannot be read would never be out of range."""
    lines = [LINE.match(line) for line in PROJECT_FILE.read_text().partition("\nvars:\n")[2].splitlines()]
    checked = {line["name"] for line in lines if line and documented_range(line["words"])}
    assert set(yaml.safe_load(PROJECT_FILE.read_text())["vars"]) - checked == WITHOUT_RANGE


@pytest.mark.parametrize(
    ("words", "limits"),
    [
        ("minutes, 5..240: the convention", (5, 240)),
        ("ratio, 0.05..1: more than this", (0.05, 1)),
        ("lines, 100..: of a month", (100, float("inf"))),
        ("false discovery rate, 0.001..0.2", (0.001, 0.2)),
        ("weeks, 2..12, even: what a segment looks back on", (2, 12)),
        ("seconds: from 3..4 on", None),
    ],
)
def test_the_range_is_read_from_the_comment(words: str, limits: tuple[float, float] | None):
    assert documented_range(words) == limits


@pytest.mark.parametrize(
    ("line", "is_wrong"),
    [
        ("gap: 5  # minutes, 5..240: why", False),
        ("gap: 240  # minutes, 5..240: why", False),
        ("gap: 241  # minutes, 5..240: why", True),
        ("gap: -1  # lines, 0..: why", True),
        ("gap: thirty  # minutes, 5..240: why", True),
        ("gap: true  # minutes, 0..240: why", True),
        ("gap: [4, 8]  # weeks, 2..52 each: why", False),
        ("gap: [4, 80]  # weeks, 2..52 each: why", True),
        ("gap: true  # switch, true or false: why", False),
        ("gap: null  # days, 30..36500 or null (for ever): why", False),
        ("gap: 3  # days, 30..36500 or null (for ever): why", True),
        ("gap: null  # days, 30..36500: why, or null", True),
    ],
)
def test_a_value_is_held_against_its_range(line: str, is_wrong: bool):
    assert bool(values_out_of_range(project(line))) is is_wrong


def test_the_sentence_names_var_value_range_and_file(tmp_path: Path):
    file = tmp_path / "dbt_project.yml"
    file.write_text(project("fine: 1  # ratio, 0..1: why", "session_gap_minutes: 1  # minutes, 5..240: why"))
    with pytest.raises(SettingsError) as caught:
        check_var_ranges(file)
    assert str(caught.value) == (
        "The var session_gap_minutes is 1; its documented range is 5..240. Change it in dbt_project.yml, or the range "
        "beside it if the range is wrong."
    )
