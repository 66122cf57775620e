"""What marts would answer that tell the truth of a simulation, and which findings some marts leave unmet."""

import math
from collections.abc import Callable
from dataclasses import replace

from orchestration.simulate.finding import PlantedFinding
from orchestration.simulate.findings import compare
from orchestration.simulate.plants import CHANNELS
from orchestration.simulate.truth import ItemTruth, RecutTruth, RetentionCell, Truth

Marts = dict[str, list[dict]]


def interval(successes: float, trials: int) -> tuple[float, float]:
    reach = 1.96 * math.sqrt(max(successes * (trials - successes), 1) / trials**3)
    return successes / trials - reach, successes / trials + reach


def content_row(truth: Truth, index: int) -> dict:
    module = truth.modules[index]
    verdicts = {"hard_module": "hard", "losing_module": "losing", "dense_module": "dense", "rushed_module": "thin"}
    low, high = interval(module.completed_count, module.reached_count)
    return {
        "unit_id": module.module_id, "reached_count": module.reached_count, "completed_count": module.completed_count,
        "completion_ratio": module.completed_count / module.reached_count, "completion_ratio_low": low,
        "completion_ratio_high": high, "completion_ratio_standardised": 0.7, "completion_ratio_standardised_low": 0.65,
        "completion_ratio_standardised_high": 0.75, "support_ratio": 1.0, "median_time_ratio": 1.0,
        "verdict": verdicts.get(module.plant, "working"),
    }  # fmt: skip


def gap_row(item: ItemTruth) -> dict:
    difference = item.planted_difference
    return {
        "item_id": item.item_id, "unit_id": item.unit_id, "item_title": item.title, "unit_title": "A video",
        "risk_difference": difference + 0.01, "risk_difference_low": difference - 0.05,
        "risk_difference_high": difference + 0.07, "covered_count": 60, "uncovered_count": 40,
        "verdict": "teaches" if difference else "does_not_teach", "verdict_reason": "",
    }  # fmt: skip


def item_row(item: ItemTruth) -> dict:
    return {
        "item_id": item.item_id, "judged_count": item.covered_count + item.uncovered_count,
        "correct_count": item.covered_correct_count + item.uncovered_correct_count,
    }  # fmt: skip


def retention_row(cell: RetentionCell, is_censored: bool) -> dict:
    low, high = interval(cell.planted_ratio * cell.cohort_size, cell.cohort_size)
    return {
        "cohort_basis": cell.cohort_basis, "week": cell.cohort_week, "acquisition_channel": cell.channel,
        "age_weeks": cell.age_weeks, "definition": cell.definition, "cohort_size": cell.cohort_size,
        "active_count": None if is_censored else cell.active_count,
        "retention_ratio": None if is_censored else cell.planted_ratio,
        "retention_ratio_low": low, "retention_ratio_high": high, "is_censored": is_censored,
    }  # fmt: skip


def change_row(recut: RecutTruth) -> dict:
    difference = recut.planted_difference
    return {
        "activity_id": recut.video_id, "before_count": 500, "after_count": 300, "before_value": recut.planted_before,
        "after_value": recut.planted_after, "difference": difference + 0.01, "difference_low": difference - 0.04,
        "difference_high": difference + 0.06, "standardised_over": "channel",
        "verdict": "improved" if difference else "no_difference_seen", "verdict_reason": "",
    }  # fmt: skip


CHURN_FIGURES = (
    ("logistic", "auc_pr", 0.6, 0.55, 0.65), ("baseline", "auc_pr", 0.4, 0.35, 0.45),
    ("logistic", "auc_pr_gain", 0.2, 0.15, 0.25), ("logistic", "calibration_error", 0.02, 0.01, 0.04),
)  # fmt: skip


def churn_row(model: str, measure: str, value: float, low: float, high: float) -> dict:
    return {"model": model, "measure": measure, "value": value, "value_low": low, "value_high": high}


def learner_weeks(truth: Truth) -> list[dict]:
    """Learner-weeks of two kinds of equal numbers, 100 each, that leave as planted: the ceiling is near 0.6."""
    rows = []
    for channel, community in (("paid_social", 0), ("partner", 1)):
        place = [known.name for known in CHANNELS].index(channel)
        count = round(100 * truth.leaving[place][community][2][1])
        rows += [
            {"acquisition_channel": channel, "age_weeks": 2, "is_in_community": bool(community), "came_last_week": True,
             "has_churned": number < count}
            for number in range(100)
        ]  # fmt: skip
    return rows


def uplift_row(truth: Truth) -> dict:
    campaign = truth.side.campaign
    return {
        "listed_count": campaign.contacted_count, "contacted_count": campaign.contacted_count,
        "held_out_count": campaign.held_out_count, "held_out_contacted_count": 0, "uplift_ratio": 0.2,
        "uplift_ratio_low": 0.1, "uplift_ratio_high": 0.3,
    }  # fmt: skip


def true_marts(truth: Truth) -> Marts:
    """What the marts would answer if they were right."""
    counts, leave = truth.counts, truth.leave_video
    refused = counts.rejected | counts.quarantined
    content = [content_row(truth, index) for index in range(len(truth.modules))]
    for row in content:
        if row["unit_id"] == truth.equal_modules.second_module_id:
            row |= {"completion_ratio_low": 0.9, "completion_ratio_high": 0.95}
    return {
        "fct_learning_events": [
            {"events": counts.events, "learners": counts.learners_active, "assumed_utc": counts.assumed_utc}
        ],
        "fct_event_deliveries": [{"duplicates": counts.duplicates}],
        "fct_sessions": [{"sessions": counts.sessions}],
        "fct_quarantined_lines": [{"reason": reason, "lines": lines} for reason, lines in refused.items()],
        "agg_video_hot_spots": [
            {
                "video_id": leave.video_id, "title": leave.title, "start_seconds": 238, "end_seconds": 242,
                "drop_off_ratio": 0.61, "drop_off_ratio_low": 0.57, "drop_off_ratio_high": 0.65,
                "excess_learners_lost": 600.0,
            }
        ],
        "agg_video_drop_off": [{"started": leave.started_count}],
        "fct_video_views": [{"watched": leave.watched_seconds}],
        "agg_content_effectiveness": content,
        "agg_item_analysis": [item_row(item) for item in truth.items],
        "agg_instructional_gaps": [gap_row(item) for item in truth.items],
        "agg_content_changes": [change_row(recut) for recut in truth.recuts],
        "agg_cohort_retention": [
            retention_row(cell, is_censored=cell.cohort_week == "2025-09-08" and cell.age_weeks == 5)
            for cell in truth.retention
        ],
        "fct_churn_runs": [{"status": "published", "reason": "", "model": "logistic", "tested_since_at": "2025-10-06"}],
        "fct_churn_figures": [churn_row(*row) for row in CHURN_FIGURES],
        "agg_churn_training": learner_weeks(truth),
        "fct_churn_scores": [{"status": "not_published", "status_reason": "3 learner-weeks churned", "learners": 4}],
        "agg_intervention_uplift": [uplift_row(truth)],
        "agg_learner_segments": [{"learners": 80, "crammers": 20, "skimmers": 20}],
        "fct_attempts": [{
            "answered": truth.side.habits.answer_count, "guessed": truth.side.habits.guess_count, "guessers": 20,
        }],
        "agg_transitions": [{"step": name, "moves": count} for name, count in truth.side.habits.steps.items()],
    }  # fmt: skip


def asked(marts: Marts) -> Callable[[str], list[dict]]:
    """The marts as something that answers the questions put to them."""

    def query(sql: str) -> list[dict]:
        return marts[sql.split("from marts.")[1].split(maxsplit=1)[0]]

    return query


def missed(marts: Marts, truth: Truth) -> list[PlantedFinding]:
    """The findings that a truth of a good size and these marts leave unmet."""
    return [finding for finding in compare(asked(marts), replace(truth, learners=5_000)) if not finding.is_met]
