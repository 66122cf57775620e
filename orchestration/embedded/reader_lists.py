"""What a reader may use of the engine: every setting, format, function and system table was judged by hand.

The folder `reader` has a file for each of the engine's own lists. An entry has a class, and `classes.csv` has a
verdict and a reason for each class. A name that stands in no file is refused, so that a new engine version opens
nothing; the tests compare the files with the engine and name what waits for a judgement.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "reader"
LISTS = ("settings", "formats", "functions", "table_functions", "system_tables")
# Suffixes that make one aggregate function of another: sumIf, uniqMergeState.
COMBINATORS = (
    *("ArgMax", "ArgMin", "Array", "Distinct", "ForEach", "If", "Map", "Merge", "Null"),
    *("OrDefault", "OrNull", "Resample", "SimpleState", "State", "Tuple"),
)


@dataclass(frozen=True)
class ReaderDecision:
    """What was decided about one entry: `allowed`, `limited`, `request` or `refused`, and why."""

    class_name: str
    verdict: str
    reason: str

    @property
    def is_allowed(self) -> bool:
        return self.verdict == "allowed"


@cache
def judged(name: str) -> Mapping[str, ReaderDecision]:
    """One of LISTS: the verdict on each entry, by the entry's name."""
    by_class = {
        row["class"]: ReaderDecision(row["class"], row["verdict"], row["reason"])
        for row in _rows("classes")
        if row["list"] == name
    }
    return {row["name"]: by_class[row["class"]] for row in _rows(name)}


@cache
def judged_functions() -> Mapping[str, ReaderDecision]:
    """The verdict on each function, by its name in small letters: the engine takes many names in any case."""
    return {name.lower(): verdict for name, verdict in judged("functions").items()}


def function_verdict(name: str) -> ReaderDecision | None:
    """The verdict on a function, also on an aggregate function with combinators; None when it was never judged."""
    known = judged_functions().get(name.lower())
    if known is not None:
        return known
    for suffix in COMBINATORS:
        if name.lower().endswith(suffix.lower()) and len(name) > len(suffix):
            verdict = function_verdict(name[: -len(suffix)])
            if verdict is not None and (verdict.class_name == "aggregate" or not verdict.is_allowed):
                return verdict
    return None


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))
