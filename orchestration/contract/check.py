"""The check of a file before it is sent: each line judged as the warehouse will judge it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from orchestration.contract.completeness import Completeness
from orchestration.contract.documents import answers_in, is_document, read_elements, read_statements
from orchestration.contract.files import STANDARD_INPUT, UnreadableFile, decompressed, opened
from orchestration.contract.lines import Line, is_blank, parse_line, split_lines, wrapping_of
from orchestration.contract.report import FileReport
from orchestration.contract.rules import LINE_RULES, BrokenRule, Details, LineJudge
from orchestration.drop_kinds import has_statements

STANDARD_INPUT_NAME = "standard input"

OnFault = Callable[[int, BrokenRule], None]
OnProgress = Callable[[int], None]


class Checker:
    """Checks files of one kind."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._judge = LineJudge(kind)
        self._details = Details(kind)
        self._completeness = Completeness(kind)

    def check(
        self, path: Path, on_fault: OnFault = lambda *_: None, on_progress: OnProgress = lambda _: None
    ) -> FileReport:
        """Judge every line; `on_fault` hears of each refused one, `on_progress` of the lines done so far."""
        report = FileReport(STANDARD_INPUT_NAME if path == STANDARD_INPUT else str(path))
        try:
            with opened(path) as file:
                reading = read_lines(file, path.name, self._kind)
                report.form, report.has_more = reading.form, reading.has_more
                for line in reading.lines:
                    self._take(line, report, on_fault)
                    on_progress(report.line_count)
        except UnreadableFile as error:
            report.unreadable = str(error)
        return report

    def _take(self, line: Line, report: FileReport, on_fault: OnFault) -> None:
        report.line_count += 1
        fault = self.fault(line)
        if fault is not None:
            report.reject(fault)
            on_fault(line.number, fault)
        else:
            report.flag(self._details.flags(line.document), line.number)
            report.expect(*self._completeness.gaps(line.document), line.number)

    def fault(self, line: Line) -> BrokenRule | None:
        """Why the line is refused; None when it is accepted."""
        if line.reason:
            return BrokenRule(line.reason, "", LINE_RULES[line.reason])
        return self._judge.fault(line.document)


@dataclass(frozen=True)
class Reading:
    """How a file is read, and what it holds."""

    form: str
    lines: Iterator[Line]
    has_more: bool = False
    """The last answer of a record store names a next page."""


def read_lines(file: IO[bytes], name: str, kind: str = "events") -> Reading:
    """The form of the content and its lines. As the load does, a document is tried only where the first line is none.

    A document that breaks somewhere is read as lines, all of which are then refused. Blank lines are no lines, and the
    others keep their numbers.
    """

    def lines() -> Iterator[tuple[int, bytes]]:
        numbered = enumerate(split_lines(decompressed(file, name)), start=1)
        return ((number, line) for number, line in numbered if not is_blank(line))

    first = next((line for _, line in lines()), b"")
    begun = refuse_wrapped(parse_line(1, first), kind)
    if begun.reason and has_statements(kind):
        answers = answers_in(decompressed(file, name), first)
        if answers:
            statements = read_statements(decompressed(file, name))
            return Reading("answers", (refuse_wrapped(line, kind) for line in statements), answers.has_more)
    if begun.document is None and is_document(decompressed(file, name), first):
        elements = read_elements(decompressed(file, name))
        return Reading("document", (refuse_wrapped(line, kind) for line in elements))
    return Reading("lines", (refuse_wrapped(parse_line(number, line), kind) for number, line in lines()))


def refuse_wrapped(line: Line, kind: str) -> Line:
    """The line, with the reason when it is an object around a statement."""
    if not has_statements(kind) or line.document is None:
        return line
    reason = wrapping_of(line.document)
    return replace(line, reason=reason) if reason else line
