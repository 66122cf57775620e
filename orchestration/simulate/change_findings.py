"""Did the fix work? Two videos that were cut again, one of them in vain, against what was planted."""

from collections.abc import Iterator

from orchestration.simulate.finding import PlantedFinding, Query, Row, number
from orchestration.simulate.truth import RecutTruth, Truth


def change_findings(query: Query, truth: Truth) -> Iterator[PlantedFinding]:
    """Met when the verdict is right and the interval of the difference holds the planted one."""
    rows = query(
        "select activity_id, before_count, after_count, before_value, after_value, difference, difference_low, "
        "difference_high, standardised_over, verdict, verdict_reason from marts.agg_content_changes "
        "where measure = 'hot_spot_hazard' order by activity_id, changed_at"
    )
    by_activity = {str(row["activity_id"]): row for row in rows}
    for recut, verdict in zip(truth.recuts, ("improved", "no_difference_seen"), strict=True):
        yield _judged(recut, verdict, by_activity.get(recut.video_id))


def _judged(recut: RecutTruth, verdict: str, row: Row | None) -> PlantedFinding:
    question = f"Did the new cut of '{recut.title}' work: {verdict.replace('_', ' ')}"
    planted = recut.planted_difference
    if row is None:
        return PlantedFinding(question, planted, None, None, None, False, "the change is not in the mart")
    low, high = number(row, "difference_low"), number(row, "difference_high")
    detail = (
        f"verdict {row['verdict']}; {row['before_count']} learners before, {row['after_count']} after; "
        f"{number(row, 'before_value'):.2f} left there before, {number(row, 'after_value'):.2f} after"
    )
    is_met = row["verdict"] == verdict and low <= planted <= high
    return PlantedFinding(
        question, planted, round(number(row, "difference"), 4), round(low, 4), round(high, 4), is_met, detail
    )
