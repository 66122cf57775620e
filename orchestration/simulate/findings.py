"""Holds the marts against the planted truth: one finding per question, met or missed, with what was measured.

Only `marts` are read, as a person would. A mart that cannot be read makes its findings missed, not the others.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from orchestration.simulate.truth import ModuleTruth, RetentionCell, Truth

Row = dict[str, Any]
Query = Callable[[str], list[Row]]
Value = str | int | float | None

NORMAL_95 = 1.959964
# A set of cells is compatible with 95 % intervals while that many misses or more have at least this probability.
SMALLEST_TAIL = 0.001
MISS_PROBABILITY = 0.05
WATCHED_TOLERANCE = 0.001
ACCUSING_VERDICTS = ("hard", "losing", "dense", "thin")


@dataclass(frozen=True)
class Finding:
    """One question put to the marts. `low` and `high` are the bounds of the measured value, where it has any."""

    question: str
    planted: Value
    measured: Value
    low: float | None
    high: float | None
    is_met: bool
    detail: str = ""


def compare(query: Query, truth: Truth) -> list[Finding]:
    """All findings, in the order of the plants. `query` runs one select and returns its rows as dictionaries."""
    findings: list[Finding] = []
    for question, measure in (
        ("counts of events, learners and sessions", _counts),
        ("refused lines and statements", _refused),
        ("where the planted video loses people", _leave_video),
        ("two modules of equal quality", _equal_modules),
        ("completion of every module", _module_counts),
        ("hard, losing, dense and rushed modules", _verdicts),
        ("planted retention", _retention),
    ):
        try:
            findings.extend(measure(query, truth))
        except Exception as error:  # noqa: BLE001  one unreadable mart must not hide the other findings
            reason = str(error).strip().split("\n")[0][:300]
            findings.append(Finding(question, None, None, None, None, False, f"could not be measured: {reason}"))
    return findings


def _text(value: str) -> str:
    """A string literal of ClickHouse."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _number(row: Row, column: str) -> float:
    value = row[column]
    if value is None:
        raise ValueError(f"{column} is NULL: {row.get('reason') or 'no reason given'}")
    return float(value)


def _exact(question: str, planted: int, measured: Any, detail: str = "") -> Finding:
    count = int(measured)
    return Finding(question, planted, count, None, None, count == planted, detail)


def _counts(query: Query, truth: Truth) -> Iterator[Finding]:
    counts = truth.counts
    events = query(
        "select count() as events, uniqExact(learner_id) as learners, "
        "countIf(timestamp_quality = 'assumed_utc') as assumed_utc from marts.fct_learning_events"
    )[0]
    yield _exact("Events accepted", counts.events, events["events"])
    yield _exact("Learners, however their devices name them", counts.learners_active, events["learners"])
    yield _exact("Timestamps without a zone", counts.assumed_utc, events["assumed_utc"])
    copies = query("select count() - uniqExact(statement_id) as duplicates from marts.fct_event_deliveries")[0]
    yield _exact("Repeated deliveries absorbed", counts.duplicates, copies["duplicates"])
    sessions = query("select count() as sessions from marts.fct_sessions")[0]
    yield _exact("Sessions", counts.sessions, sessions["sessions"])


def _refused(query: Query, truth: Truth) -> Iterator[Finding]:
    rows = query("select reason, count() as lines from marts.fct_quarantined_lines group by reason order by reason")
    found = {str(row["reason"]): int(row["lines"]) for row in rows}
    for question, planted in (
        ("Lines that are no statements", truth.counts.rejected),
        ("Statements without one of their four facts", truth.counts.quarantined),
    ):
        measured = {reason: found.pop(reason, 0) for reason in planted}
        wrong = [
            f"{key}: {measured[key]} instead of {planted[key]}" for key in planted if measured[key] != planted[key]
        ]
        total = sum(planted.values())
        detail = "; ".join(wrong) or f"{len(planted)} reasons, each to the digit"
        yield Finding(question, total, sum(measured.values()), None, None, not wrong, detail)
    if found:
        listed = ", ".join(f"{reason}: {count}" for reason, count in found.items())
        yield Finding("Refusals for reasons that were not planted", 0, sum(found.values()), None, None, False, listed)


def _leave_video(query: Query, truth: Truth) -> Iterator[Finding]:
    leave = truth.leave_video
    rows = query(
        "select video_id, title, start_seconds, end_seconds, drop_off_ratio, drop_off_ratio_low, drop_off_ratio_high, "
        "excess_learners_lost from marts.agg_video_hot_spots "
        "order by excess_learners_lost desc, video_id, start_seconds limit 1"
    )
    question = f"Largest hot spot: '{leave.title}' at {leave.at_seconds:.0f} s"
    if not rows:
        yield Finding(question, leave.planted_ratio, None, None, None, False, "no hot spot was found")
    else:
        top = rows[0]
        start, end = _number(top, "start_seconds"), _number(top, "end_seconds")
        low, high = _number(top, "drop_off_ratio_low"), _number(top, "drop_off_ratio_high")
        is_there = top["video_id"] == leave.video_id and start <= leave.at_seconds <= end
        is_met = is_there and low <= leave.planted_ratio <= high
        detail = f"found in '{top['title']}' from {start:g} s to {end:g} s"
        yield Finding(question, leave.planted_ratio, _number(top, "drop_off_ratio"), low, high, is_met, detail)
    where = f"where video_id = {_text(leave.video_id)}"
    bins = query(f"select max(started_count) as started from marts.agg_video_drop_off {where}")[0]
    yield _exact(f"Learners who started '{leave.title}'", leave.started_count, bins["started"] or 0)
    views = query(f"select sum(toFloat64(watched_seconds)) as watched from marts.fct_video_views {where}")[0]
    watched = float(views["watched"] or 0)
    is_met = abs(watched - leave.watched_seconds) <= WATCHED_TOLERANCE * leave.watched_seconds
    yield Finding("Seconds watched of it", round(leave.watched_seconds, 1), round(watched, 1), None, None, is_met)


def _modules(query: Query) -> dict[str, Row]:
    rows = query(
        "select unit_id, reached_count, completed_count, completion_ratio, completion_ratio_low, "
        "completion_ratio_high, completion_ratio_standardised, completion_ratio_standardised_low, "
        "completion_ratio_standardised_high, support_ratio, median_time_ratio, density_flag, verdict "
        "from marts.agg_content_effectiveness where unit_kind = 'module' and period = 'all'"
    )
    return {str(row["unit_id"]): row for row in rows}


def _equal_modules(query: Query, truth: Truth) -> Iterator[Finding]:
    equal = truth.equal_modules
    modules = _modules(query)
    first, second = modules[equal.first_module_id], modules[equal.second_module_id]
    gap = _number(first, "completion_ratio") - _number(second, "completion_ratio")
    intervals = [
        (_number(row, "completion_ratio_low"), _number(row, "completion_ratio_high")) for row in (first, second)
    ]
    is_apart = intervals[0][1] < intervals[1][0] or intervals[1][1] < intervals[0][0]
    shown = " and ".join(f"{low:.3f}..{high:.3f}" for low, high in intervals)
    crude = round(equal.crude_first - equal.crude_second, 4)
    yield Finding(
        "Equal modules look unequal in crude completion",
        crude,
        round(gap, 4),
        None,
        None,
        is_apart,
        f"intervals {shown}{'' if is_apart else ' overlap'}",
    )
    name = "completion_ratio_standardised"
    difference = _number(first, name) - _number(second, name)
    widths = [_number(row, f"{name}_high") - _number(row, f"{name}_low") for row in (first, second)]
    reach = math.hypot(*widths) / 2
    low, high = difference - reach, difference + reach
    support = min(_number(row, "support_ratio") for row in (first, second))
    yield Finding(
        "Equal modules are equal once channel and cohort are controlled for",
        0.0,
        round(difference, 4),
        round(low, 4),
        round(high, 4),
        low <= 0 <= high,
        f"support {support:.2f}",
    )


def _module_counts(query: Query, truth: Truth) -> Iterator[Finding]:
    modules = _modules(query)
    wrong = []
    for module in truth.modules:
        row = modules.get(module.module_id, {})
        found = (row.get("reached_count"), row.get("completed_count"))
        if found != (module.reached_count, module.completed_count):
            wrong.append(f"'{module.title}': {found} instead of {(module.reached_count, module.completed_count)}")
    planted = len(truth.modules)
    yield Finding(
        "Modules whose reached and completed counts are right",
        planted,
        planted - len(wrong),
        None,
        None,
        not wrong,
        "; ".join(wrong[:3]),
    )


def _verdicts(query: Query, truth: Truth) -> Iterator[Finding]:
    modules = _modules(query)
    expected = {"hard_module": "hard", "losing_module": "losing", "dense_module": "dense", "rushed_module": "thin"}
    for plant, verdict in expected.items():
        module = truth.module(plant)
        row = modules[module.module_id]
        detail = _describe(row, module)
        measured = str(row["verdict"])
        yield Finding(f"Verdict on '{module.title}'", verdict, measured, None, None, measured == verdict, detail)
    others = [module for module in truth.modules if module.plant not in expected]
    accused = [
        f"'{module.title}': {modules[module.module_id]['verdict']}"
        for module in others
        if modules[module.module_id]["verdict"] in ACCUSING_VERDICTS
    ]
    yield Finding("Other modules accused of something", 0, len(accused), None, None, not accused, ", ".join(accused))


def _describe(row: Row, module: ModuleTruth) -> str:
    if module.plant in ("dense_module", "rushed_module"):
        return f"time against expected {row['median_time_ratio']}, planted about {module.planted_time_ratio}"
    correct = module.first_correct_count / max(module.first_answer_count, 1)
    return f"completion {row['completion_ratio']}, first answers right {correct:.2f}"


def _retention(query: Query, truth: Truth) -> Iterator[Finding]:
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
    yield Finding(
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


def _coverage(question: str, cells: list[tuple[RetentionCell, Row]]) -> Finding:
    """Met when the number of planted values outside their intervals is what 95 % intervals would miss."""
    missed = [
        cell
        for cell, row in cells
        if not _number(row, "retention_ratio_low") <= cell.planted_ratio <= _number(row, "retention_ratio_high")
    ]
    hit = len(cells) - len(missed)
    tail = binomial_upper_tail(len(missed), len(cells), MISS_PROBABILITY)
    detail = f"{hit} of {len(cells)} cells hold the planted value; that many misses or more: probability {tail:.3f}"
    if not cells:
        detail = "no cohort is large enough to be shown: simulate more learners"
    is_met = bool(cells) and tail > SMALLEST_TAIL
    return Finding(f"{question}: cells inside", len(cells), hit, None, None, is_met, detail)


def binomial_upper_tail(successes: int, trials: int, probability: float) -> float:
    """P(X >= successes) for a binomial X."""
    if successes <= 0:
        return 1.0
    return sum(
        math.comb(trials, k) * probability**k * (1 - probability) ** (trials - k) for k in range(successes, trials + 1)
    )
