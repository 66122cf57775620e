"""Whether each threshold is within the range that its comment in dbt_project.yml documents, asked at each start.

A line of the vars reads `name: value  # unit, low..high: reason`; `low..` has no upper end. A value that is a list is
checked item by item; `low..high or null` allows no value. Vars without a range (a switch, a seed, a list of months) are
not checked.
"""

import re
from pathlib import Path

import yaml

from orchestration.settings import PROJECT_ROOT, SettingsError

PROJECT_FILE = PROJECT_ROOT / "dbt_project.yml"
LINE = re.compile(r"^  (?P<name>\w+): (?P<value>[^#]*?)\s*# (?P<words>.*)$")
RANGE = re.compile(r"(?<![\w.])(?P<low>-?\d+(\.\d+)?)\.\.(?P<high>-?\d+(\.\d+)?)?(?!\w)")


def documented_range(words: str) -> tuple[float, float] | None:
    """The range that a comment names before its reason, both ends included; None where it names none."""
    match = RANGE.search(words.partition(": ")[0])
    if match is None:
        return None
    return float(match["low"]), float(match["high"] or "inf")


def values_out_of_range(project: str) -> list[str]:
    """A sentence for each var of a dbt_project.yml whose value is no number or is outside its documented range."""
    sentences = []
    for line in project.partition("\nvars:\n")[2].splitlines():
        match = LINE.match(line)
        limits = match and documented_range(match["words"])
        if not match or not limits:
            continue
        value = yaml.safe_load(match["value"])
        if value is None and " or null" in match["words"].partition(": ")[0]:
            continue
        low, high = limits
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, bool) or not isinstance(item, int | float) or not low <= item <= high:
                upper = "" if high == float("inf") else f"{high:g}"
                sentences.append(
                    f"The var {match['name']} is {item}; its documented range is {low:g}..{upper}. Change it in "
                    f"dbt_project.yml, or the range beside it if the range is wrong."
                )
    return sentences


def check_var_ranges(project_file: Path = PROJECT_FILE) -> None:
    """Nothing when each var is within its range. Raises SettingsError with a sentence for each that is not."""
    if sentences := values_out_of_range(project_file.read_text()):
        raise SettingsError(" ".join(sentences))
