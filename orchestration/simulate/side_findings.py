"""The side courses: the thin one is refused with the reason, and the contacts are worth what was planted."""

from collections.abc import Iterator

from orchestration.simulate.finding import PlantedFinding, Query, exact, number, text
from orchestration.simulate.side_truth import CampaignTruth, SideTruth
from orchestration.simulate.truth import Truth

UPLIFT = """
select listed_count, contacted_count, held_out_count, held_out_contacted_count, uplift_ratio, uplift_ratio_low,
    uplift_ratio_high
from marts.agg_intervention_uplift where course_id = {course}
"""
THIN = """
select status, status_reason, count() as learners from marts.fct_churn_scores
where course_id = {course} and as_of_at = (select max(as_of_at) from marts.fct_churn_runs)
group by status, status_reason order by status
"""


def side_findings(query: Query, truth: Truth) -> Iterator[PlantedFinding]:
    """Nothing where the programme has no side courses."""
    if truth.side is None:
        return
    yield _thin(query, truth.side)
    yield from _contacts(query, truth.side.campaign)


def _thin(query: Query, side: SideTruth) -> PlantedFinding:
    question = f"'{side.thin_title}' has {side.thin_learner_count} learners: too few for scores"
    rows = query(THIN.replace("{course}", text(side.thin_course_id)))
    if not rows:
        return PlantedFinding(question, "not_published", None, None, None, False, "no learner of it was left to score")
    statuses = ", ".join(sorted({str(row["status"]) for row in rows}))
    reason = str(rows[0]["status_reason"])
    is_met = statuses == "not_published" and reason != ""
    return PlantedFinding(question, "not_published", statuses, None, None, is_met, reason)


def _contacts(query: Query, campaign: CampaignTruth) -> Iterator[PlantedFinding]:
    rows = query(UPLIFT.replace("{course}", text(campaign.course_id)))
    question = f"What writing to learners of '{campaign.title}' is worth: share kept"
    if not rows:
        yield PlantedFinding(question, campaign.planted_uplift, None, None, None, False, "the course has no contacts")
        return
    [row] = rows
    planted = campaign.contacted_count + campaign.held_out_count
    yield exact("Learners written to, and left alone by chance", planted, row["listed_count"] + row["held_out_count"])
    low, high = number(row, "uplift_ratio_low"), number(row, "uplift_ratio_high")
    yield PlantedFinding(
        question,
        campaign.planted_uplift,
        round(number(row, "uplift_ratio"), 4),
        round(low, 4),
        round(high, 4),
        0 < low <= campaign.planted_uplift <= high,
        f"{row['contacted_count']} were written to and {row['held_out_count']} were not",
    )
