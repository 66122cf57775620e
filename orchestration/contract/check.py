"""The check of a file before it is sent: each line judged as the warehouse will judge it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from orchestration.contract.completeness import Completeness
from orchestration.contract.documents import is_document, read_elements
from orchestration.contract.files import STANDARD_INPUT, UnreadableFile, decompressed, opened
from orchestration.contract.lines import Line, parse_line, split_lines
from orchestration.contract.report import FileReport
from orchestration.contract.rules import LINE_RULES, Details, Fault, Judge

STANDARD_INPUT_NAME = "standard input"

OnFault = Callable[[int, Fault], None]
OnProgress = Callable[[int], None]


class Checker:
    """Checks files of one kind."""

    def __init__(self, kind: str) -> None:
        self._judge = Judge(kind)
        self._details = Details(kind)
        self._completeness = Completeness(kind)

    def check(
        self, path: Path, on_fault: OnFault = lambda *_: None, on_progress: OnProgress = lambda _: None
    ) -> FileReport:
        """Judge every line; `on_fault` hears of each refused one, `on_progress` of the lines done so far."""
        report = FileReport(STANDARD_INPUT_NAME if path == STANDARD_INPUT else str(path))
        try:
            with opened(path) as file:
                report.form, lines = read_lines(file, path.name)
                for line in lines:
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

    def fault(self, line: Line) -> Fault | None:
        """Why the line is refused; None when it is accepted."""
        if line.document is None:
            return Fault(line.reason, "", LINE_RULES[line.reason])
        return self._judge.fault(line.document)


def read_lines(file: IO[bytes], name: str) -> tuple[str, Iterator[Line]]:
    """The form of the content and its lines. As the load does, a document is tried only where the first line is none.

    A document that breaks somewhere is read as lines, all of which are then refused.
    """
    first = next(split_lines(decompressed(file, name)), b"")
    if parse_line(1, first).document is None and is_document(decompressed(file, name), first):
        return "document", read_elements(decompressed(file, name))
    lines = enumerate(split_lines(decompressed(file, name)), start=1)
    return "lines", (parse_line(number, line) for number, line in lines)
