"""Marts with a few findings, and titles that try to break the page."""

from datetime import UTC, date, datetime

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.briefs import all_marts
from tests.mart_tables import create_marts, fill_mart

COURSE, OTHER = "https://lms.example/courses/1", "https://lms.example/courses/2"
VIDEO, MODULE = f"{COURSE}/videos/1", f"{COURSE}/modules/1"
HOSTILE = "<script>alert('1')</script> & \"><img src=http://evil.example/x onerror=alert(2)>"
WEEK = date(2025, 11, 3)
END = datetime(2025, 11, 12, 14, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def empty_marts(warehouse: Client) -> Client:
    create_marts(warehouse, all_marts())
    return warehouse


@pytest.fixture(scope="module")
def marts(empty_marts: Client) -> Client:
    """Findings in each section; each number is one that no other place has."""
    client = empty_marts
    for fill in (_core, _videos, _changes, _content, _retention, _contacts, _questions, _health):
        fill(client)
    return client


def fill_watermark(client: Client) -> None:
    fill_mart(client, "agg_data_watermark", {"source": "all", "event_count": 98_765, "complete_through_at": END})


def _core(client: Client) -> None:
    fill_watermark(client)
    fill_mart(
        client, "dim_courses", {"course_id": COURSE, "title": HOSTILE}, {"course_id": OTHER, "title": "Other course"}
    )
    fill_mart(client, "dim_activities", {"activity_id": VIDEO, "course_id": COURSE, "title": HOSTILE})
    for offset, learners in ((-2, 31), (0, 47), (1, 53)):
        day = date.fromordinal(WEEK.toordinal() + offset)
        fill_mart(
            client,
            "agg_daily_activity",
            {"activity_date": day, "course_id": COURSE, "active_learners": learners, "new_learners": 7},
        )


def _videos(client: Client) -> None:
    fill_mart(
        client,
        "agg_video_hot_spots",
        {
            "video_id": VIDEO,
            "title": HOSTILE,
            "course_id": COURSE,
            "start_seconds": 240,
            "end_seconds": 250,
            "started_count": 1353,
            "at_risk_count": 1290,
            "dropped_count": 812,
            "drop_off_ratio": 812 / 1353,
            "drop_off_ratio_low": 0.5738,
            "drop_off_ratio_high": 0.6259,
            "hazard": 0.6295,
            "expected_hazard": 0.021,
            "excess_learners_lost": 785.2,
            "mark": "being_worked_on",
            "marked_at": datetime(2025, 11, 1, 8, tzinfo=UTC),
        },
    )
    survivals = [0.97, 0.95, 0.36, None]
    for number, survival in enumerate(survivals):
        is_known = survival is not None
        fill_mart(
            client,
            "agg_video_drop_off",
            {
                "video_id": VIDEO,
                "bin_number": number,
                "bin_start_seconds": 120 * number,
                "bin_end_seconds": 120 * (number + 1),
                "survival": survival,
                "survival_low": survival - 0.02 if is_known else None,
                "survival_high": survival + 0.02 if is_known else None,
                "survival_reason": "" if is_known else "censored",
                "q_value": 0.001,
                "rewatch_count": 300 if number == 2 else 20,
            },
        )
    left_at = datetime(2025, 11, 4, 9, tzinfo=UTC)
    view = {"video_id": VIDEO, "first_pass_exit_seconds": 245, "first_pass_left_at": left_at}
    fill_mart(client, "fct_video_views", *[view | {"learner_id": str(learner)} for learner in range(17)])


def _changes(client: Client) -> None:
    change = {
        "change_id": "a",
        "course_id": COURSE,
        "activity_id": VIDEO,
        "title": HOSTILE,
        "change_kind": "recut",
        "note": "The formula is gone.",
        "changed_at": datetime(2025, 10, 20, 8, tzinfo=UTC),
    }
    fill_mart(
        client,
        "agg_content_changes",
        change
        | {
            "measure": "hot_spot_hazard",
            "spot_start_seconds": 135,
            "spot_end_seconds": 165,
            "before_count": 517,
            "after_count": 309,
            "before_value": 0.3633,
            "before_value_low": 0.3229,
            "before_value_high": 0.4058,
            "after_value": 0.0284,
            "after_value_low": 0.0148,
            "after_value_high": 0.0537,
            "difference": -0.3349,
            "difference_low": -0.3795,
            "difference_high": -0.2872,
            "verdict": "improved",
        },
    )
    early = {"measure": "completion", "verdict": "too_early", "verdict_reason": "suppressed"}
    fill_mart(client, "agg_content_changes", change | early)


def _content(client: Client) -> None:
    unit = {
        "course_id": COURSE,
        "unit_kind": "module",
        "activity_type": "module",
        "period": "all",
        "completion_benchmark": 0.83,
    }
    fill_mart(
        client,
        "agg_content_effectiveness",
        unit
        | {
            "unit_id": MODULE,
            "title": HOSTILE,
            "verdict": "losing",
            "reached_count": 701,
            "completed_count": 288,
            "completion_ratio": 0.4108,
            "completion_ratio_low": 0.3751,
            "completion_ratio_high": 0.4476,
            "completion_ratio_standardised": 0.4409,
            "completion_ratio_standardised_low": 0.4031,
            "completion_ratio_standardised_high": 0.4795,
            "expected_completed_count": 402.6,
            "assessment_ratio": 0.377,
            "assessment_ratio_low": 0.33,
            "assessment_ratio_high": 0.43,
            "judged_count": 266,
        },
        unit | {"unit_id": f"{COURSE}/modules/2", "title": "Hard one", "verdict": "hard", "reached_count": 640},
        unit
        | {
            "unit_id": f"{COURSE}/modules/3",
            "title": "Small one",
            "verdict": "not_comparable",
            "completion_reason": "suppressed",
            "verdict_reason": "suppressed",
            "reached_count": 4,
        },
    )


def fill_cohorts(client: Client) -> None:
    cohort = {"cohort_basis": "first_activity", "definition": "bounded", "acquisition_channel": "all"}
    cells = [(0, 1.0, ""), (1, 0.5217, ""), (2, None, "suppressed"), (3, None, "censored")]
    for course in ("all", COURSE):
        for age, ratio, reason in cells:
            fill_mart(
                client,
                "agg_cohort_retention",
                cohort
                | {
                    "cohort_week": date(2025, 10, 20),
                    "course_id": course,
                    "age_weeks": age,
                    "cohort_size": 230,
                    "active_count": None if ratio is None else round(230 * ratio),
                    "retention_ratio": ratio,
                    "retention_ratio_low": None if ratio is None else ratio - 0.06,
                    "retention_ratio_high": None if ratio is None else ratio,
                    "retention_reason": reason,
                },
            )


def _retention(client: Client) -> None:
    fill_cohorts(client)
    for course in ("all", COURSE):
        for channel, weeks in (("partner", 6.31), (HOSTILE, 3.12)):
            start = {"cohort_basis": "first_activity", "cohort_month": "all", "course_id": course}
            start |= {"acquisition_channel": channel, "cohort_size": 412}
            stay = {
                "horizon_weeks": 8,
                "restricted_mean_active_weeks": weeks,
                "restricted_mean_active_weeks_low": weeks - 0.2,
                "restricted_mean_active_weeks_high": weeks + 0.2,
                "weeks_lost_to_churn": 8 - weeks,
                "weeks_lost_to_churn_low": 7.8 - weeks,
                "weeks_lost_to_churn_high": 8.2 - weeks,
            }
            fill_mart(client, "agg_cohort_stay", start | stay)
            for age in range(3):
                share = weeks / 8 - age / 20
                curve = {"age_weeks": age, "survival_ratio": share, "survival_ratio_low": share - 0.03}
                fill_mart(client, "agg_cohort_survival", start | curve | {"survival_ratio_high": share + 0.03})


def _contacts(client: Client) -> None:
    monday = datetime(2025, 11, 10, tzinfo=UTC)
    fill_mart(client, "fct_churn_runs", {"as_of_at": monday, "status": "published"})
    listed = {"course_id": COURSE, "as_of_at": monday, "rank_basis": "score"}
    high = [listed | {"learner_id": f"high {number}", "band": "high", "contact_count": 1} for number in range(14)]
    medium = [listed | {"learner_id": f"medium {number}", "band": "medium"} for number in range(25)]
    thin = {"course_id": OTHER, "rank_basis": "segments", "band": "not_published", "learner_id": "silent"}
    fill_mart(client, "agg_learners_to_contact", *high, *medium, thin | {"as_of_at": monday})
    uplift = {"uplift_ratio": 0.13, "uplift_ratio_low": 0.02, "uplift_ratio_high": 0.24}
    kept = {"listed_kept_ratio": 0.74, "held_out_kept_ratio": 0.61}
    counts = {"course_id": COURSE, "listed_count": 322, "held_out_count": 83, "contacted_count": 219}
    fill_mart(client, "agg_intervention_uplift", counts | kept | uplift)


def _questions(client: Client) -> None:
    fill_mart(
        client,
        "agg_instructional_gaps",
        {
            "course_id": COURSE,
            "item_id": "item",
            "item_title": HOSTILE,
            "unit_title": HOSTILE,
            "basis": "taught_by",
            "verdict": "does_not_teach",
            "is_gap": True,
            "examinee_count": 533,
            "covered_count": 351,
            "uncovered_count": 182,
            "covered_correct_ratio": 0.4902,
            "covered_correct_ratio_low": 0.44,
            "covered_correct_ratio_high": 0.54,
            "uncovered_correct_ratio": 0.5103,
            "uncovered_correct_ratio_low": 0.45,
            "uncovered_correct_ratio_high": 0.57,
            "risk_difference": -0.0197,
            "risk_difference_low": -0.11,
            "risk_difference_high": 0.07,
        },
    )
    fill_mart(
        client,
        "agg_item_analysis",
        {
            "course_id": COURSE,
            "item_id": "item",
            "title": HOSTILE,
            "judged_count": 533,
            "difficulty_ratio": 0.1903,
            "difficulty_ratio_low": 0.16,
            "difficulty_ratio_high": 0.22,
            "discrimination_reason": "too_few_learners",
            "is_too_hard": True,
        },
    )
    fill_mart(
        client,
        "agg_item_options",
        {"item_id": "item", "option_id": HOSTILE, "option_flag": "key_misleads", "chosen_count": 3},
    )


def _health(client: Client) -> None:
    fill_mart(
        client,
        "agg_source_health",
        {
            "source": "lms",
            "line_count": 123_457,
            "rejected_count": 61,
            "rejected_ratio": 61 / 123_457,
            "event_count": 98_765,
            "latest_delivered_at": END,
            "latest_occurred_at": END,
            "behind_seconds": 0,
            "unpublished_drop_count": 1,
        },
    )
    line = {"kind": "events", "source": "lms", "reason": "not_json", "detail": HOSTILE, "delivered_at": END}
    fill_mart(client, "fct_quarantined_lines", *[line] * 61)
    fill_mart(
        client,
        "fct_drops",
        {
            "source": "lms",
            "object_key": f"events/lms/{HOSTILE}.ndjson",
            "status": "held",
            "reason": HOSTILE,
            "line_count": 77,
            "delivered_at": END,
        },
    )
