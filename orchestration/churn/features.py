"""What the model is told of a learner-week, and how each part of it is said to a person."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Feature:
    """A column of marts.agg_churn_training; `{}` in the words is its value. `title` is what it is without a value."""

    name: str
    words: str
    called: str = ""

    @property
    def title(self) -> str:
        return self.called or self.words.removeprefix("{} ")


FEATURES = (
    Feature("days_since_last_activity", "{} days since the last activity"),
    Feature("recent_active_day_count", "{} active days in the last week"),
    Feature("previous_active_day_count", "{} active days in the week before"),
    Feature("active_day_count", "{} active days in all"),
    Feature("visit_count", "{} visits in all"),
    Feature("longest_silence_days", "longest silence so far {} days", "longest silence so far"),
    Feature("tenure_weeks", "{} weeks since the start"),
    Feature("first_week_activity_count", "{} activities in the first week"),
    Feature("first_week_completed_count", "{} lessons completed in the first week"),
    Feature("first_week_community_count", "{} posts in the first week"),
    Feature("community_count", "{} posts in all"),
    Feature("activity_count", "{} activities in all"),
    Feature("completed_count", "{} activities completed"),
    Feature("answer_count", "{} items answered"),
    Feature("right_ratio", "{} of first answers right", "share of first answers that are right"),
    Feature("right_change", "first answers changing by {}", "change of that share"),
    Feature("video_count", "{} videos started"),
    Feature("left_video_ratio", "{} of started videos left", "share of started videos that are left"),
    Feature("pace_ratio", "{} times the activities of fellow learners", "activities against those of fellow learners"),
)
NAMES = tuple(feature.name for feature in FEATURES)
CHANNEL = "acquisition_channel"
BASELINE = "days_since_last_activity"
COLUMNS = (
    "learner_id",
    "course_id",
    "as_of_at",
    "horizon_at",
    "start_week_date",
    CHANNEL,
    "is_churned",
    "label_reason",
)
KEY = ["as_of_at", "course_id", "learner_id"]


@dataclass(frozen=True)
class FeatureEncoder:
    """Rows to numbers: the features, and one column for each channel that was seen in training."""

    channels: tuple[str, ...]

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "FeatureEncoder":
        return cls(tuple(sorted(rows[CHANNEL].astype(str).unique())))

    def matrix(self, rows: pd.DataFrame) -> np.ndarray:
        """One row each; NaN where a feature has no value."""
        numbers = rows[list(NAMES)].to_numpy(dtype=float)
        channels = rows[CHANNEL].astype(str).to_numpy()
        return np.column_stack([numbers, *[(channels == known).astype(float) for known in self.channels]])

    @property
    def groups(self) -> list[tuple[str, list[int]]]:
        """What a reason is about: a feature, or the channel, with its columns."""
        alone = [(feature.name, [place]) for place, feature in enumerate(FEATURES)]
        return [*alone, (CHANNEL, list(range(len(FEATURES), len(FEATURES) + len(self.channels))))]
