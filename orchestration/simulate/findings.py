"""Holds the marts against the planted truth: one finding per question, met or missed, with what was measured.

Only `marts` are read, as a person would. A mart that cannot be read makes its findings missed, not the others.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

from orchestration.simulate.change_findings import change_findings
from orchestration.simulate.churn_findings import churn_findings
from orchestration.simulate.finding import PlantedFinding, Query, Row, exact, number, text
from orchestration.simulate.habit_findings import habit_findings
from orchestration.simulate.item_findings import item_findings
from orchestration.simulate.retention_findings import retention_findings
from orchestration.simulate.side_findings import side_findings
from orchestration.simulate.truth import ModuleTruth, Truth

WATCHED_TOLERANCE = 0.001
# Measured over 20 seeds each (8 weeks): with 1,500 learners every plant stands clear of its noise but the item that its
# unit does not teach, which one seed in twelve leaves inconclusive there and none with 3,000; with 600 others fail too.
FEWEST_LEARNERS = 2_000
ACCUSING_VERDICTS = ("hard", "losing", "dense", "thin")


def compare(query: Query, truth: Truth) -> list[PlantedFinding]:
    """All findings, in the order of the plants. `query` runs one select and returns its rows as dictionaries."""
    findings: list[PlantedFinding] = []
    for question, measure in (
        ("counts of events, learners and sessions", _counts),
        ("refused lines and statements", _refused),
        ("where the planted video loses people", _leave_video),
        ("two modules of equal quality", _equal_modules),
        ("completion of every module", _module_counts),
        ("hard, losing, dense and rushed modules", _verdicts),
        ("items and the units that teach them", item_findings),
        ("videos that were cut again", change_findings),
        ("planted retention", retention_findings),
        ("planted leaving and the churn scores", churn_findings),
        ("the thin course and the worth of contacts", side_findings),
        ("habits of learning", habit_findings),
    ):
        try:
            findings.extend(measure(query, truth))
        except Exception as error:  # one unreadable mart must not hide the other findings
            reason = str(error).strip().split("\n")[0][:200]
            findings.append(PlantedFinding(question, None, None, None, None, False, f"could not be measured: {reason}"))
    return [_with_hint(finding, truth.learners) for finding in findings]


def _with_hint(finding: PlantedFinding, learners: int) -> PlantedFinding:
    """Says so when a miss may be a matter of size."""
    if finding.is_met or learners >= FEWEST_LEARNERS:
        return finding
    hint = f"{learners:,} learners may be too few to tell: simulate {FEWEST_LEARNERS:,} or more"
    return replace(finding, detail=f"{finding.detail}; {hint}" if finding.detail else hint)


def _counts(query: Query, truth: Truth) -> Iterator[PlantedFinding]:
    counts = truth.counts
    events = query(
        "select count() as events, uniqExact(learner_id) as learners, "
        "countIf(timestamp_quality = 'assumed_utc') as assumed_utc from marts.fct_learning_events"
    )[0]
    yield exact("Events accepted", counts.events, events["events"])
    yield exact("Learners, however their devices name them", counts.learners_active, events["learners"])
    yield exact("Timestamps without a zone", counts.assumed_utc, events["assumed_utc"])
    copies = query("select count() - uniqExact(statement_id) as duplicates from marts.fct_event_deliveries")[0]
    yield exact("Repeated deliveries absorbed", counts.duplicates, copies["duplicates"])
    sessions = query("select count() as sessions from marts.fct_sessions")[0]
    yield exact("Sessions", counts.sessions, sessions["sessions"])


def _refused(query: Query, truth: Truth) -> Iterator[PlantedFinding]:
    rows = query("select reason, count() as lines from marts.fct_quarantined_lines group by reason order by reason")
    lines_by_reason = {str(row["reason"]): int(row["lines"]) for row in rows}
    for question, planted in (
        ("Lines that are no statements", truth.counts.rejected),
        ("Statements without one of their four facts", truth.counts.quarantined),
    ):
        measured = {reason: lines_by_reason.pop(reason, 0) for reason in planted}
        wrong = [
            f"{key}: {measured[key]} instead of {planted[key]}" for key in planted if measured[key] != planted[key]
        ]
        total = sum(planted.values())
        detail = "; ".join(wrong) or f"{len(planted)} reasons, each to the digit"
        yield PlantedFinding(question, total, sum(measured.values()), None, None, not wrong, detail)
    if lines_by_reason:
        listed = ", ".join(f"{reason}: {count}" for reason, count in lines_by_reason.items())
        yield PlantedFinding(
            "Refusals for reasons that were not planted", 0, sum(lines_by_reason.values()), None, None, False, listed
        )


def _leave_video(query: Query, truth: Truth) -> Iterator[PlantedFinding]:
    leave = truth.leave_video
    rows = query(
        "select video_id, title, start_seconds, end_seconds, drop_off_ratio, drop_off_ratio_low, drop_off_ratio_high, "
        "excess_learners_lost from marts.agg_video_hot_spots "
        "order by excess_learners_lost desc, video_id, start_seconds limit 1"
    )
    question = f"Largest hot spot: '{leave.title}' at {leave.at_seconds:.0f} s"
    if not rows:
        yield PlantedFinding(question, leave.planted_ratio, None, None, None, False, "no hot spot was found")
    else:
        top = rows[0]
        start, end = number(top, "start_seconds"), number(top, "end_seconds")
        low, high = number(top, "drop_off_ratio_low"), number(top, "drop_off_ratio_high")
        is_there = top["video_id"] == leave.video_id and start <= leave.at_seconds <= end
        is_met = is_there and low <= leave.planted_ratio <= high
        detail = f"found in '{top['title']}' from {start:g} s to {end:g} s"
        measured = round(number(top, "drop_off_ratio"), 4)
        yield PlantedFinding(question, leave.planted_ratio, measured, round(low, 4), round(high, 4), is_met, detail)
    where = f"where video_id = {text(leave.video_id)}"
    bins = query(f"select max(started_count) as started from marts.agg_video_drop_off {where}")[0]
    yield exact(f"Learners who started '{leave.title}'", leave.started_count, bins["started"] or 0)
    views = query(f"select sum(toFloat64(watched_seconds)) as watched from marts.fct_video_views {where}")[0]
    watched = float(views["watched"] or 0)
    is_met = abs(watched - leave.watched_seconds) <= WATCHED_TOLERANCE * leave.watched_seconds
    yield PlantedFinding(
        "Seconds watched of it", round(leave.watched_seconds, 1), round(watched, 1), None, None, is_met
    )


def _modules(query: Query) -> dict[str, Row]:
    rows = query(
        "select unit_id, reached_count, completed_count, completion_ratio, completion_ratio_low, "
        "completion_ratio_high, completion_ratio_standardised, completion_ratio_standardised_low, "
        "completion_ratio_standardised_high, support_ratio, comparable_reason, median_time_ratio, verdict "
        "from marts.agg_content_effectiveness where unit_kind = 'module' and period = 'all' order by reached_count"
    )
    return {str(row["unit_id"]): row for row in rows}


def _equal_modules(query: Query, truth: Truth) -> Iterator[PlantedFinding]:
    equal = truth.equal_modules
    modules = _modules(query)
    first, second = modules[equal.first_module_id], modules[equal.second_module_id]
    gap = number(first, "completion_ratio") - number(second, "completion_ratio")
    intervals = [(number(row, "completion_ratio_low"), number(row, "completion_ratio_high")) for row in (first, second)]
    is_apart = intervals[0][1] < intervals[1][0] or intervals[1][1] < intervals[0][0]
    shown = " and ".join(f"{low:.3f}..{high:.3f}" for low, high in intervals)
    crude = round(equal.crude_first - equal.crude_second, 4)
    yield PlantedFinding(
        "Equal modules look unequal in crude completion",
        crude,
        round(gap, 4),
        None,
        None,
        is_apart,
        f"intervals {shown}{'' if is_apart else ' overlap'}",
    )
    name = "completion_ratio_standardised"
    difference = number(first, name) - number(second, name)
    widths = [number(row, f"{name}_high") - number(row, f"{name}_low") for row in (first, second)]
    reach = math.hypot(*widths) / 2
    low, high = difference - reach, difference + reach
    support = min(number(row, "support_ratio") for row in (first, second))
    yield PlantedFinding(
        "Equal modules are equal once channel and cohort are controlled for",
        0.0,
        round(difference, 4),
        round(low, 4),
        round(high, 4),
        low <= 0 <= high,
        f"support {support:.2f}",
    )


def _module_counts(query: Query, truth: Truth) -> Iterator[PlantedFinding]:
    modules = _modules(query)
    wrong = []
    for module in truth.modules:
        row = modules.get(module.module_id, {})
        counts = (row.get("reached_count"), row.get("completed_count"))
        if counts != (module.reached_count, module.completed_count):
            wrong.append(f"'{module.title}': {counts} instead of {(module.reached_count, module.completed_count)}")
    planted = len(truth.modules)
    yield PlantedFinding(
        "Modules whose reached and completed counts are right",
        planted,
        planted - len(wrong),
        None,
        None,
        not wrong,
        "; ".join(wrong[:3]),
    )


def _verdicts(query: Query, truth: Truth) -> Iterator[PlantedFinding]:
    modules = _modules(query)
    expected = {"hard_module": "hard", "losing_module": "losing", "dense_module": "dense", "rushed_module": "thin"}
    for plant, verdict in expected.items():
        module = truth.module(plant)
        row = modules[module.module_id]
        detail = _describe(row, module)
        measured = str(row["verdict"])
        yield PlantedFinding(f"Verdict on '{module.title}'", verdict, measured, None, None, measured == verdict, detail)
    others = [module for module in truth.modules if module.plant not in expected]
    accused = [
        f"'{module.title}': {modules[module.module_id]['verdict']}"
        for module in others
        if modules[module.module_id]["verdict"] in ACCUSING_VERDICTS
    ]
    yield PlantedFinding(
        "Other modules accused of something", 0, len(accused), None, None, not accused, ", ".join(accused)
    )


def _describe(row: Row, module: ModuleTruth) -> str:
    if module.plant in ("dense_module", "rushed_module"):
        return (
            f"time against expected {number(row, 'median_time_ratio'):.2f}, planted about {module.planted_time_ratio}"
        )
    correct = module.first_correct_count / max(module.first_answer_count, 1)
    return f"completion {number(row, 'completion_ratio'):.2f}, first answers right {correct:.2f}"
