"""A report says the truth about its targets."""

import io
import json

from rich.console import Console

from tests.benchmarks.report import Report, Target, show, to_json


def report(share: float, ratio: float) -> Report:
    made = Report({"lines": 1_000})
    made.add("rate", "share", share, "ratio", Target(0.4, is_minimum=True))
    made.add("one", "history", ratio, "ratio", Target(1.2))
    made.add("one", "time", 0.5, "s")
    return made


def shown(made: Report) -> str:
    console = Console(file=io.StringIO(), width=120)
    show(made, console)
    return console.file.getvalue()


def test_a_bound_itself_meets_the_target():
    assert report(0.4, 1.2).missed == []
    assert "All 2 targets are met." in shown(report(0.4, 1.2))


def test_a_missed_target_is_named():
    made = report(0.39, 1.21)
    assert [measure.name for measure in made.missed] == ["share", "history"]
    assert "2 of 2 targets are not met: rate: share; one: history." in shown(made)


def test_a_measure_without_a_target_is_neither_met_nor_missed():
    time = json.loads(to_json(report(0.5, 1.0)))["measures"][2]
    assert (time["value"], time["unit"], time["target"], time["is_met"]) == (0.5, "s", None, None)
