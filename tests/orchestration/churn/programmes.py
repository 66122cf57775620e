"""Training sets of simulated programmes whose best possible score is known, without a warehouse.

Learners, their weeks and their visits are drawn as in the demo; the features are worked out from them here. Only those
that the planted leaving depends on are exact, and the others are what visits of that kind would give.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from orchestration.churn.features import NAMES
from orchestration.simulate.block import months_of_days
from orchestration.simulate.courses import build_catalogue
from orchestration.simulate.learners import draw_population
from orchestration.simulate.leaving import leaving_table
from orchestration.simulate.plants import CHANNELS, STARTED_ON
from orchestration.simulate.weeks import DAY_SECONDS, NO_MODULE, WEEK_DAYS, draw_active_weeks, draw_visits

WEEK_SECONDS = WEEK_DAYS * DAY_SECONDS
HORIZON_WEEKS = 2


@dataclass
class Programme:
    """Rows as of marts.agg_churn_training, and the planted probability of each."""

    rows: pd.DataFrame
    planted: np.ndarray


def simulate_programme(seed: int, learners: int, weeks: int, thin_course_learners: int = 0) -> Programme:
    """Every Monday of every learner who may still be there; the last `thin_course_learners` are of a course apart."""
    rng = np.random.default_rng(seed)
    catalogue = build_catalogue()
    people = draw_population(rng, 0, learners, weeks, catalogue)
    active = draw_active_weeks(rng, people, weeks)
    days = weeks * WEEK_DAYS
    visits = draw_visits(rng, people, catalogue, active, days, months_of_days(days))
    order = np.lexsort((visits.starts_at, visits.learner))
    table = pd.DataFrame(
        {
            "learner": visits.learner[order],
            "at": visits.starts_at[order],
            "is_lesson": visits.module[order] != NO_MODULE,
            "is_completing": visits.is_completing[order],
        }
    )
    right = rng.beta(6 * people.ability + 1, 6 * (1 - people.ability) + 1)
    left = rng.random(learners)
    frames = [_monday(week, people, active, table, weeks, right, left) for week in range(1, weeks)]
    rows = pd.concat(frames, ignore_index=True)
    is_thin = rows.pop("number") >= learners - thin_course_learners
    rows.loc[is_thin, "course_id"] = "thin"
    return Programme(rows.drop(columns="planted"), rows["planted"].to_numpy())


def _monday(week, people, active, table, weeks, right, left) -> pd.DataFrame:
    now = week * WEEK_SECONDS
    seen = table[table["at"] < now]
    by = seen.groupby("learner")
    first, last = by["at"].min(), by["at"].max()
    here = last.index[(now - last) < HORIZON_WEEKS * WEEK_SECONDS].to_numpy()
    here = here[~people.is_test[here]]
    early = seen[seen["at"] < first.reindex(seen["learner"]).to_numpy() + WEEK_SECONDS].groupby("learner")
    day = seen.assign(day=(seen["at"] // DAY_SECONDS)).drop_duplicates(["learner", "day"])

    def of(counted) -> np.ndarray:
        return counted.reindex(here).fillna(0).to_numpy(dtype=float)

    recent = day[day["at"] >= now - WEEK_SECONDS].groupby("learner").size()
    previous = day[(day["at"] < now - WEEK_SECONDS) & (day["at"] >= now - 2 * WEEK_SECONDS)].groupby("learner").size()
    lessons, completed = of(by["is_lesson"].sum()), of(by["is_completing"].sum())
    community = people.is_in_community[here].astype(float)
    silences = seen["at"].diff().where(seen["learner"].diff() == 0, 0.0)
    age = week - people.cohort_week[here]
    is_known = week + HORIZON_WEEKS <= weeks - 1
    planted = np.full(len(here), np.nan)
    if is_known:
        came = active[here, week - 1].astype(int)
        planted = leaving_table(weeks)[people.channel[here], community.astype(int), age, came]
        silent = ~active[here, week] & ~active[here, week + 1]
    as_of = pd.Timestamp(STARTED_ON) + pd.Timedelta(weeks=week)
    features = {
        "days_since_last_activity": (now - of(last)) / DAY_SECONDS,
        "recent_active_day_count": of(recent),
        "previous_active_day_count": of(previous),
        "active_day_count": of(day.groupby("learner").size()),
        "visit_count": of(by.size()),
        "longest_silence_days": of(silences.groupby(seen["learner"]).max()) / DAY_SECONDS,
        "tenure_weeks": (now - of(first)) // WEEK_SECONDS,
        "first_week_activity_count": 6 * of(early["is_lesson"].sum()) + 2,
        "first_week_completed_count": 5 * of(early["is_completing"].sum()),
        "first_week_community_count": community,
        "community_count": community,
        "activity_count": 6 * lessons + 2,
        "completed_count": 5 * completed,
        "answer_count": 5 * lessons,
        "right_ratio": np.where(lessons > 0, right[here], np.nan),
        "right_change": np.where(lessons > 1, right[here] - 0.5, np.nan),
        "video_count": 2 * lessons,
        "left_video_ratio": np.where(lessons > 0, left[here], np.nan),
        "pace_ratio": (6 * lessons + 2) / max(np.median(6 * lessons + 2), 1.0),
    }
    assert set(features) == set(NAMES)
    return pd.DataFrame(
        {
            "learner_id": [f"learner{number:06d}" for number in people.number[here]],
            "course_id": [f"course{number}" for number in people.course[here]],
            "as_of_at": as_of,
            "horizon_at": as_of + pd.Timedelta(weeks=HORIZON_WEEKS),
            "start_week_date": [
                pd.Timestamp(STARTED_ON) + pd.Timedelta(weeks=int(c)) for c in people.cohort_week[here]
            ],
            "acquisition_channel": [CHANNELS[channel].name for channel in people.channel[here]],
            "is_churned": pd.array(silent if is_known else [None] * len(here), dtype="boolean"),
            "label_reason": "" if is_known else "censored",
            "number": people.number[here],
            "planted": planted,
        }
        | features
    )
