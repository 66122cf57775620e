"""What was found in a file: counts, reasons, places. Never a value of a line."""

from collections import Counter
from dataclasses import dataclass, field

from orchestration.contract.completeness import Recommendation
from orchestration.contract.rules import BrokenRule, Flag

FIRST_LINES = 3


@dataclass
class Gap:
    """A recommended field that some of a file's statements lack."""

    recommendation: Recommendation
    expected_count: int = 0
    missing_count: int = 0
    first_lines: list[int] = field(default_factory=list)

    def miss(self, number: int) -> None:
        self.missing_count += 1
        if len(self.first_lines) < FIRST_LINES:
            self.first_lines.append(number)


@dataclass
class Flagged:
    """A part that the accepted statements of a file have wrong; the places are of the first of them."""

    flag: Flag
    count: int = 0
    first_places: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class FileReport:
    """A file's verdict."""

    name: str
    form: str = "lines"
    has_more: bool = False
    """The file is an answer of a record store that names a next page."""
    line_count: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    flags: dict[Flag, Flagged] = field(default_factory=dict)
    gaps: dict[Recommendation, Gap] = field(default_factory=dict)
    unreadable: str = ""

    @property
    def rejected_count(self) -> int:
        return self.rejected.total()

    @property
    def accepted_count(self) -> int:
        return self.line_count - self.rejected_count

    @property
    def is_refused(self) -> bool:
        """Whether anything of the file would not arrive."""
        return bool(self.rejected or self.unreadable)

    @property
    def has_warnings(self) -> bool:
        """Whether it could be better."""
        return bool(self.flags or self.missing)

    @property
    def missing(self) -> list[Gap]:
        """What to tell the sender, the worst first."""
        gaps = [gap for gap in self.gaps.values() if gap.missing_count]
        return sorted(
            gaps,
            key=lambda gap: (gap.recommendation.importance != "required", -gap.missing_count, gap.recommendation.field),
        )

    def reject(self, fault: BrokenRule) -> None:
        self.rejected[fault.reason] += 1

    def flag(self, places: dict[Flag, str], number: int) -> None:
        for flag, path in places.items():
            flagged = self.flags.setdefault(flag, Flagged(flag))
            flagged.count += 1
            if len(flagged.first_places) < FIRST_LINES:
                flagged.first_places.append((number, path))

    def expect(self, applicable: list[Recommendation], missing: list[Recommendation], number: int) -> None:
        for recommendation in applicable:
            self.gaps.setdefault(recommendation, Gap(recommendation)).expected_count += 1
        for recommendation in missing:
            self.gaps[recommendation].miss(number)
