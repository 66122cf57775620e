"""The numbers that are planted: what every later measurement is held against.

Only probabilities live here; which course, module or video carries a plant is said in `courses.py`. All of them are
expressed in the definitions of the marts, so that a measured value needs no translation before it is compared.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

# A Monday, so that the simulated weeks are ISO weeks; fixed, so that the files never depend on the clock; and so that
# at the default length both cohort months get a good share of the learners.
STARTED_ON = date(2025, 9, 8)
MINIMUM_DAYS, DEFAULT_DAYS = 14, 56
# No learner starts in the last weeks: each cohort gets at least two complete weeks after its first one.
WEEKS_AFTER_LAST_COHORT = 2

NEVER_ACTIVE_RATIO = 0.05
TEST_LEARNER_RATIO = 0.012
# Completion gets a little rarer with each later cohort month, so that cohort is a real confounder beside channel.
COHORT_MONTH_SHIFT = -0.25

# A video that loses many until it is cut again, and one that loses some before and after it was.
RECUT_LEAVE_RATIO, IDLE_RECUT_LEAVE_RATIO = 0.35, 0.12


@dataclass(frozen=True)
class Channel:
    """How learners of one acquisition channel behave.

    `completion_ratio` is P(module completed | reached) for a module without a shift of its own, first cohort month.
    P(active in week k after the first) = floor + (start - floor) * decay ** (k - 1); who makes it up is in `leaving`.
    """

    name: str
    share: float
    completion_ratio: float
    retention_start: float
    retention_floor: float
    retention_decay: float

    def active_probability(self, age_weeks: int) -> float:
        """P(active in the week `age_weeks` after the week of the first event); 1 in that week itself."""
        if age_weeks == 0:
            return 1.0
        span = self.retention_start - self.retention_floor
        return round(self.retention_floor + span * self.retention_decay ** (age_weeks - 1), 4)


CHANNELS = (
    Channel("organic", 0.30, 0.74, 0.64, 0.24, 0.78),
    Channel("paid_social", 0.25, 0.40, 0.44, 0.10, 0.68),
    Channel("partner", 0.25, 0.92, 0.80, 0.40, 0.86),
    Channel("referral", 0.20, 0.78, 0.58, 0.20, 0.74),
)


def recut_day(days: int) -> int:
    """The day, from 0, at whose start the videos are cut again: half of the time is before it."""
    return days // 2


def retention_table(weeks: int) -> np.ndarray:
    """P(active) by channel and weeks since the first, for as many weeks as are simulated."""
    return np.array([[channel.active_probability(age) for age in range(weeks)] for channel in CHANNELS])


def completion_probability(channel_index: np.ndarray, months_after_start: np.ndarray, shift: float) -> np.ndarray:
    """P(module completed | reached) by stratum; `shift` moves the log odds of a whole module."""
    base = np.array([channel.completion_ratio for channel in CHANNELS])[channel_index]
    log_odds = np.log(base / (1 - base)) + COHORT_MONTH_SHIFT * months_after_start + shift
    return 1 / (1 + np.exp(-log_odds))


def cohort_week_shares(weeks: int) -> np.ndarray:
    """Share of learners whose first week is week 0, 1, …: slightly more at the launch."""
    cohorts = max(1, weeks - WEEKS_AFTER_LAST_COHORT)
    weights = np.linspace(1.3, 0.9, cohorts)
    return weights / weights.sum()
