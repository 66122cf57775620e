"""Cohort retention against what was planted: hundreds of cells, each with its own 95 % interval."""

import math
from collections.abc import Iterator

from orchestration.simulate.finding import PlantedFinding, Query, Row, number
from orchestration.simulate.truth import RetentionCell, Truth

# A set of cells is compatible with 95 % intervals while that many misses or more have at least this probability.
SMALLEST_TAIL = 0.001
MISS_PROBABILITY = 0.05


def retention_findings(query: Query, truth: Truth) -> Iterator[PlantedFinding]:
    """Cells against the counts drawn, then against the planted probabilities, all courses together."""
    rows = query(
        "select cohort_basis, toString(toDate(cohort_week)) as week, acquisition_channel, age_weeks, definition, "
        "cohort_size, active_count, retention_ratio, retention_ratio_low, retention_ratio_high, is_censored "
        "from marts.agg_cohort_retention where course_id = 'all' and acquisition_channel != 'all'"
    )
    measured = {
        (row["cohort_basis"], row["week"], row["acquisition_channel"], int(row["age_weeks"]), row["definition"]): row
        for row in rows
    }
    pairs = [(cell, measured.get(_cell_key(cell))) for cell in truth.retention]
    shown = [(cell, row) for cell, row in pairs if row is not None and row["retention_ratio"] is not None]
    hidden = len(pairs) - len(shown)
    wrong = [
        cell
        for cell, row in shown
        if (row["cohort_size"], row["active_count"]) != (cell.cohort_size, cell.active_count)
    ]
    example = f"; for example {_cell_key(wrong[0])}" if wrong else ""
    yield PlantedFinding(
        "Retention cells counted to the digit",
        len(shown),
        len(shown) - len(wrong),
        None,
        None,
        bool(shown) and not wrong,
        f"{hidden} cells censored, suppressed or absent{example}",
    )
    for basis in ("first_activity", "enrolment"):
        for definition in ("bounded", "unbounded"):
            chosen = [
                pair
                for pair in shown
                if (pair[0].cohort_basis, pair[0].definition) == (basis, definition) and _is_independent(pair[0])
            ]
            yield _coverage(f"Planted {definition} retention since {basis.replace('_', ' ')}", chosen)


def _cell_key(cell: RetentionCell) -> tuple[object, ...]:
    return (cell.cohort_basis, cell.cohort_week, cell.channel, cell.age_weeks, cell.definition)


def _is_independent(cell: RetentionCell) -> bool:
    """Nothing is random in week 0; unbounded cells of one cohort share their later weeks, so one of them is used."""
    if cell.definition == "unbounded":
        return cell.age_weeks == 1
    return cell.age_weeks > 0


def _coverage(question: str, cells: list[tuple[RetentionCell, Row]]) -> PlantedFinding:
    """Met when the number of planted values outside their intervals is what 95 % intervals would miss."""
    missed = [
        cell
        for cell, row in cells
        if not number(row, "retention_ratio_low") <= cell.planted_ratio <= number(row, "retention_ratio_high")
    ]
    hit = len(cells) - len(missed)
    tail = binomial_upper_tail(len(missed), len(cells), MISS_PROBABILITY)
    detail = f"{hit} of {len(cells)} cells hold the planted value; that many misses or more: probability {tail:.3f}"
    if not cells:
        detail = "no cohort is large enough to be shown: simulate more learners"
    is_met = bool(cells) and tail > SMALLEST_TAIL
    return PlantedFinding(f"{question}: cells inside", len(cells), hit, None, None, is_met, detail)


def binomial_upper_tail(successes: int, trials: int, probability: float) -> float:
    """P(X >= successes) for a binomial X."""
    if successes <= 0:
        return 1.0
    return sum(
        math.comb(trials, k) * probability**k * (1 - probability) ** (trials - k) for k in range(successes, trials + 1)
    )
