"""`warehouse check`: what the warehouse will say of files before they are sent. Needs no services.

Prints places, reasons and fields only: a value of a line could name a learner.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import typer
from rich.console import Console

from orchestration.commands.display import Stages, output, shown_stages
from orchestration.contract.check import Checker
from orchestration.contract.families import TITLES
from orchestration.contract.report import FileReport, Flagged, Gap
from orchestration.contract.rules import BrokenRule
from orchestration.contract.vocabulary import EVERY_FAMILY
from orchestration.drop_kinds import DROP_KINDS

EXIT_FINE = 0
EXIT_REJECTED = 1
PROGRESS_LINES = 10_000


def known_kind(kind: str) -> str:
    """The kind, when there is one of that name."""
    if kind not in DROP_KINDS:
        raise typer.BadParameter(f"{kind!r} is not one of {', '.join(map(repr, DROP_KINDS))}.")
    return kind


def existing_files(paths: list[Path]) -> list[Path]:
    """The paths, when each is a file or standard input; typer's own test knows no `-`."""
    for path in paths:
        if str(path) != "-" and (not path.exists() or path.is_dir()):
            raise typer.BadParameter(f"'{path}' is {'a folder' if path.is_dir() else 'not there'}; name files.")
    return paths


@dataclass
class Checked:
    """A file's report with the first of its refused lines."""

    report: FileReport
    faults: list[tuple[int, BrokenRule]] = field(default_factory=list)


def check(paths: list[Path], kind: str, as_json: bool, is_strict: bool, limit: int) -> int:
    """Check the files, print what was found, and return the exit code."""
    checker = Checker(kind)
    with shown_stages() as stages:
        stages.start(f"Checking {len(paths):,} {'file' if len(paths) == 1 else 'files'} of {kind}")
        checked = [_check_file(checker, path, limit, _progress(stages)) for path in paths]
    if as_json:
        print(to_json(checked))
    else:
        for file in checked:
            show(file, output())
    return exit_code(checked, is_strict)


def exit_code(checked: list[Checked], is_strict: bool) -> int:
    """1 when something would be refused, or, under strict, something accepted is flagged or lacks a field."""
    is_refused = any(file.report.is_refused or (is_strict and file.report.has_warnings) for file in checked)
    return EXIT_REJECTED if is_refused else EXIT_FINE


def to_json(checked: list[Checked]) -> str:
    """Everything, for a program."""
    return json.dumps({"files": [_file_json(file) for file in checked]}, indent=2, ensure_ascii=False)


def show(checked: Checked, console: Console) -> None:
    """For a person: the refused lines, the totals, and what is missing."""
    report = checked.report
    for number, fault in checked.faults:
        place = f" at {fault.path}" if fault.path else ""
        _say(console, f"{report.name}: {_unit(report)} {number:,}: {fault.reason}{place}. {fault.advice}")
    if len(checked.faults) < report.rejected_count:
        _say(console, f"{report.name}: … and {report.rejected_count - len(checked.faults):,} more are rejected")
    if report.unreadable:
        _say(console, f"{report.name}: cannot be read. {report.unreadable}")
    _say(console, f"{report.name}: {_totals(report)}")
    if report.has_more:
        _say(console, f"{report.name}: its last answer names a next page (`more`). Send what follows as well.")
    if report.flags:
        _show_flags(console, report)
    if report.missing:
        _show_missing(console, report.missing, _unit(report))


def _check_file(checker: Checker, path: Path, limit: int, on_progress: Callable[[int], None]) -> Checked:
    faults: list[tuple[int, BrokenRule]] = []

    def keep(number: int, fault: BrokenRule) -> None:
        if len(faults) < limit:
            faults.append((number, fault))

    return Checked(checker.check(path, keep, on_progress), faults)


def _progress(stages: Stages) -> Callable[[int], None]:
    def move(line_count: int) -> None:
        if line_count % PROGRESS_LINES == 0:
            stages.move(line_count)

    return move


def _unit(report: FileReport) -> str:
    return {"lines": "line", "answers": "statement"}.get(report.form, "element")


def _totals(report: FileReport) -> str:
    unit = _unit(report) if report.line_count == 1 else f"{_unit(report)}s"
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in report.rejected.most_common())
    return (
        f"{report.line_count:,} {unit}: {report.accepted_count:,} accepted, {report.rejected_count:,} rejected"
        f"{f' ({reasons})' if reasons else ''}"
    )


def _show_flags(console: Console, report: FileReport) -> None:
    _say(console, "Flagged. Accepted, but what is flagged is not used:")
    for flagged in report.flags.values():
        places = ", ".join(f"{number:,} at {path}" if path else f"{number:,}" for number, path in flagged.first_places)
        _say(console, f"  {flagged.flag.name} in {flagged.count:,}, first in {_unit(report)} {places}")
        _say(console, f"    {flagged.flag.advice}")


def _show_missing(console: Console, gaps: list[Gap], unit: str) -> None:
    _say(console, "Missing. Nothing is refused for it, but metrics break:")
    for gap in gaps:
        asked = gap.recommendation
        lines = ", ".join(f"{number:,}" for number in gap.first_lines)
        counts = f"missing in {gap.missing_count:,} of {gap.expected_count:,}, first in {unit} {lines}"
        _say(console, f"  {asked.importance} for {_events(asked.family)}: {asked.field}, {counts}")
        _say(console, f"    {asked.advice}")
        _say(console, f"    Sent as {' or '.join(asked.sent_as)}")
        _say(console, f"    Breaks {', '.join(asked.breaks)}")


def _events(family: str) -> str:
    is_theme = any(family in kind.families for kind in DROP_KINDS.values() if kind.has_statements)
    return f"{family} events" if is_theme and family != EVERY_FAMILY else TITLES[family].lower()


def _file_json(checked: Checked) -> dict:
    report = checked.report
    return {
        "file": report.name,
        "form": report.form,
        "has_more": report.has_more,
        "line_count": report.line_count,
        "accepted_count": report.accepted_count,
        "rejected_count": report.rejected_count,
        "rejected_by_reason": dict(report.rejected.most_common()),
        "unreadable": report.unreadable,
        "rejected": [{"line": number, **_fault_json(fault)} for number, fault in checked.faults],
        "flagged": [_flagged_json(flagged) for flagged in report.flags.values()],
        "missing": [_gap_json(gap) for gap in report.missing],
    }


def _fault_json(fault: BrokenRule) -> dict:
    return {"reason": fault.reason, "path": fault.path, "advice": fault.advice}


def _flagged_json(flagged: Flagged) -> dict:
    return {
        "flag": flagged.flag.name,
        "count": flagged.count,
        "first": [{"line": number, "path": path} for number, path in flagged.first_places],
        "advice": flagged.flag.advice,
    }


def _gap_json(gap: Gap) -> dict:
    asked = gap.recommendation
    return {
        "family": asked.family,
        "field": asked.field,
        "importance": asked.importance,
        "missing_count": gap.missing_count,
        "expected_count": gap.expected_count,
        "first_lines": gap.first_lines,
        "sent_as": list(asked.sent_as),
        "breaks": list(asked.breaks),
        "advice": asked.advice,
    }


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)
