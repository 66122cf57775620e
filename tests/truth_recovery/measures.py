"""What marts say of every programme beside what was planted there: one metric after the other."""

from collections.abc import Iterator

from orchestration.simulate.courses import build_catalogue
from orchestration.simulate.truth import Truth
from tests.truth_recovery.programmes import place_of, seed_of
from tests.truth_recovery.trials import Metric, Query, Row, Trial, ratio_trial, trial

Truths = dict[int, Truth]

# Views of others that end in one of the two bins by chance: the planted even hazard runs from 2 % to 94 % of 600 s.
EXIT_RATIO, EXIT_SECONDS, FIRST_EXIT_SECOND = 0.15, 552.0, 12.0
BIN_SECONDS = 2.0


def video_metrics(query: Query, truths: Truths) -> Iterator[Metric]:
    """Where the planted video loses people: both bins at the spot, the later one, and the hazard in that."""
    leaves = {truth.leave_video.video_id: truth.leave_video for truth in truths.values()}
    leave = next(iter(leaves.values()))
    staying = 1 - leave.planted_ratio
    by_chance = staying * EXIT_RATIO * BIN_SECONDS / EXIT_SECONDS
    # Leavers fall on both sides of the spot in equal shares, so half of them are gone before the later bin.
    before = leave.planted_ratio / 2 + staying * EXIT_RATIO * (leave.at_seconds - FIRST_EXIT_SECOND) / EXIT_SECONDS
    in_bin = leave.planted_ratio / 2 + by_chance

    spots = Metric("drop-off at 4:00: share of all starters, hot spot")
    for row in query(
        "select video_id, started_count, drop_off_ratio, drop_off_ratio_low, drop_off_ratio_high "
        "from kept.agg_video_hot_spots "
        f"where start_seconds <= {leave.at_seconds} and end_seconds >= {leave.at_seconds} order by video_id"
    ):
        if row["video_id"] in leaves:
            spots.trials.append(
                _ratio_trial(row, "drop_off_ratio", "started_count", leave.planted_ratio + 2 * by_chance)
            )
    drops, hazards = Metric("drop-off in the bin 4:00 to 4:02: share of starters"), Metric("hazard in that bin")
    for row in query(
        "select video_id, started_count, at_risk_count, drop_off_ratio, drop_off_ratio_low, drop_off_ratio_high, "
        "hazard, hazard_low, hazard_high from kept.agg_video_drop_off where hazard_reason = '' "
        f"and bin_start_seconds = {leave.at_seconds} order by video_id"
    ):
        if row["video_id"] in leaves:
            drops.trials.append(_ratio_trial(row, "drop_off_ratio", "started_count", in_bin))
            hazards.trials.append(_ratio_trial(row, "hazard", "at_risk_count", in_bin / (1 - before)))
    yield from (spots, drops, hazards)


def retention_metrics(query: Query, truths: Truths) -> Iterator[Metric]:
    """Each course, cohort and channel against the planted probabilities, which both courses share.

    Of unbounded retention only week 1: later weeks of a cohort hang together, and trials must not.
    """
    planted = {
        (seed, cell.cohort_basis, cell.cohort_week, cell.channel, cell.age_weeks, cell.definition): cell.planted_ratio
        for seed, truth in truths.items()
        for cell in truth.retention
    }
    rows = query(
        "select cohort_basis, toString(toDate(cohort_week)) as week, course_id, acquisition_channel, age_weeks, "
        "definition, eligible_count, retention_ratio, retention_ratio_low, retention_ratio_high "
        "from kept.agg_cohort_retention where course_id != 'all' and acquisition_channel != 'all' "
        "and isNotNull(retention_ratio) and age_weeks > 0 and (definition = 'bounded' or age_weeks = 1) "
        "order by all"
    )
    metrics = {
        (definition, basis): Metric(f"{definition} retention since {basis.replace('_', ' ')}")
        for definition in ("bounded", "unbounded")
        for basis in ("first_activity", "enrolment")
    }
    for row in rows:
        basis, definition = row["cohort_basis"], row["definition"]
        key = (
            seed_of(row["course_id"]),
            basis,
            row["week"],
            row["acquisition_channel"],
            int(row["age_weeks"]),
            definition,
        )
        metrics[definition, basis].trials.append(_ratio_trial(row, "retention_ratio", "eligible_count", planted[key]))
    yield from metrics.values()


def item_metrics(query: Query, truths: Truths) -> Iterator[Metric]:
    """First answers to the two planted items, and what covering their units is worth."""
    items = {item.item_id: item for truth in truths.values() for item in truth.items}
    bases = {
        place_of(question.activity_id): question.base_ratio
        for module in build_catalogue().modules()
        for unit in module.units
        for question in unit.questions
    }
    ratios = Metric("first answers right, planted items")
    for row in query(
        "select item_id, judged_count, difficulty_ratio, difficulty_ratio_low, difficulty_ratio_high "
        "from kept.agg_item_analysis where isNotNull(difficulty_ratio) order by item_id"
    ):
        if (item := items.get(row["item_id"])) is None:
            continue
        base = bases[place_of(item.item_id)]
        groups = [(item.covered_count, base + item.planted_difference), (item.uncovered_count, base)]
        ratios.trials.append(ratio_trial(row, "difficulty_ratio", groups))
    yield ratios
    worth = [Metric(f"Mantel-Haenszel gap, {name} item") for name in ("taught", "untaught")]
    for row in query(
        "select item_id, unit_id, risk_difference, risk_difference_low, risk_difference_high "
        "from kept.agg_instructional_gaps where isNotNull(risk_difference) order by item_id, unit_id"
    ):
        item = items.get(row["item_id"])
        if item is not None and item.unit_id == row["unit_id"]:
            worth[item.planted_difference == 0].trials.append(trial(row, "risk_difference", item.planted_difference))
    yield from worth


def _ratio_trial(row: Row, name: str, count: str, planted: float) -> Trial:
    return ratio_trial(row, name, [(int(row[count]), planted)])
