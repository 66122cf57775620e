"""What may be counted of an object before it is held, or reported; the numbers are in dbt_project.yml."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from orchestration.contract.lines import OWN_REASONS
from orchestration.drop_kinds import has_statements
from orchestration.expectations.asked_fields import AskedField, asked_fields
from orchestration.expectations.thresholds import thresholds


@dataclass(frozen=True)
class Limit:
    """A count of an object with what is allowed of it, as SQL over its profile; '' where nothing is held or noted.

    The facts have the count under its name, what is allowed or expected at most, and by how much the count is over it.
    """

    column: str
    meaning: str
    counted: str
    expected: str
    allowed: str = ""

    @property
    def over_allowed(self) -> str:
        """The column that must be 0 for the object to pass; empty when nothing is held."""
        return f"{self.column}_over_allowed" if self.allowed else ""

    @property
    def over_expected(self) -> str:
        """The column that must be 0 for the object to pass without a word."""
        return f"{self.column}_over_expected" if self.expected else ""

    @property
    def expected_zero(self) -> Iterator[tuple[str, str]]:
        """Each column that must be 0, with how grave it is if not: what is expected of a row, in one place."""
        for column, severity in ((self.over_allowed, "critical"), (self.over_expected, "warning")):
            if column:
                yield column, severity

    @property
    def facts(self) -> Iterator[str]:
        """The columns of the facts, as SQL."""
        yield f"toInt64({self.counted}) as {self.column}_found"
        for name, limit in ((self.over_allowed, self.allowed), (self.over_expected, self.expected)):
            if name:
                at_most = name.replace("_over_", "_")
                yield f"toInt64({limit}) as {at_most}"
                yield f"greatest(0, {self.column}_found - {at_most}) as {name}"


_LEDGER = Limit(
    "ledger_difference", "lines that raw and ledger differ by", "abs(toInt64(line_count) - ledger_line_count)", "", "0"
)


@cache
def limits(kind: str) -> tuple[Limit, ...]:
    """All limits on an object of the kind, in the order of their reasons."""
    on_events = _on_events() if has_statements(kind) else ()
    return (_LEDGER, *_on_lines(), *on_events, *map(_on_field, asked_fields(kind)))


def _on_lines() -> Iterator[Limit]:
    """Lines that staging refuses: some are noted, many are held."""
    yield Limit("refused_count", "refused lines", _refused(), "0", _few_lines())
    lacking = f"greatest(0, {thresholds().lines_min} - toInt64(line_count))"
    yield Limit("lacking_count", "lines fewer than an object should have", lacking, "0")


def _refused() -> str:
    """Lines at fault. What is refused by our own rule, because a person is forgotten, is no fault of the sender."""
    by_rule = ", ".join(f"'{reason}'" for reason in OWN_REASONS)
    return f"arraySum(mapValues(mapFilter((reason, _) -> reason not in ({by_rule}), refused_counts)))"


def _few_lines() -> str:
    """How many lines at fault publish an object; one line of several never holds it."""
    return f"if(line_count > 1, greatest(1, toInt64(floor({thresholds().refused_ratio_max} * line_count))), 0)"


def _on_events() -> Iterator[Limit]:
    limits_set, accepted = thresholds(), "(line_count - arraySum(mapValues(refused_counts)))"
    early = "lines dated before the year 2000"
    yield Limit("implausible_timestamp_count", early, "implausible_timestamp_count", "0", _few_lines())
    late = f"lines delivered over {limits_set.late_hours} hours after they happened"
    for column, meaning, ratio in (
        ("duplicate_count", "lines with the id of an earlier line", limits_set.duplicate_ratio_max),
        ("late_count", late, limits_set.late_ratio_max),
    ):
        yield Limit(column, meaning, column, f"floor({ratio} * {accepted})")
    unsent = f"if({accepted} >= {limits_set.verbs_events_min}, length(missing_verbs), 0)"
    yield Limit("missing_verb_names_count", "verbs that the source must send and did not", unsent, "0")


def _on_field(field: AskedField) -> Limit:
    limits_set, applicable = thresholds(), f"applicable_counts['{field.name}']"

    def above(ratio: float) -> str:
        return f"if({applicable} >= {limits_set.missing_events_min}, floor({ratio} * {applicable}), {applicable})"

    return Limit(
        f"missing_{field.name}_count",
        field.meaning,
        f"missing_counts['{field.name}']",
        above(limits_set.missing_ratio_noted),
        above(limits_set.missing_ratio_held) if field.is_critical else "",
    )
