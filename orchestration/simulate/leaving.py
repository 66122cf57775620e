"""Leaving that depends on what learners do: planted so that the best possible churn score is known.

Two things that everybody can see make a difference: whether a learner wrote to others in the first week, and whether
they came in the week before. Both leave the planted retention of every channel and week as it is: it is shared out
between the kinds of learners, and from week to week, so that the sums stay the same.

P(active in week k | community, active in week k − 1) with p_k the retention of the channel:

    by community   p_k + (1 − share) · d   or   p_k − share · d,   d = COMMUNITY_EFFECT · p_k · (1 − p_k)
    by last week   p_k + (1 − p_(k−1)) · g or   p_k − p_(k−1) · g, g = HABIT_EFFECT · p_k · (1 − p_k)
"""

import numpy as np

from orchestration.simulate.plants import CHANNELS, retention_table

COMMUNITY_SHARE = 0.4
COMMUNITY_EFFECT = 1.2
HABIT_EFFECT = 1.4


def community_table(weeks: int) -> np.ndarray:
    """P(active) by channel, community (0, 1) and weeks since the first; week 0 is 1 for all."""
    table = retention_table(weeks)
    effect = COMMUNITY_EFFECT * table * (1 - table)
    return np.stack([table - COMMUNITY_SHARE * effect, table + (1 - COMMUNITY_SHARE) * effect], axis=1)


def activity_table(weeks: int) -> np.ndarray:
    """P(active) by channel, community, weeks since the first, and whether active in the week before (0, 1)."""
    table = community_table(weeks)
    before = np.concatenate([np.ones_like(table[..., :1]), table[..., :-1]], axis=-1)
    effect = HABIT_EFFECT * table * (1 - table)
    return np.stack([table - before * effect, table + (1 - before) * effect], axis=-1)


def unbounded_retention(weeks: int) -> np.ndarray:
    """P(active in week `age` or any later week up to the last) by channel, age and the last week simulated."""
    by_community, given = community_table(weeks), activity_table(weeks)
    result = np.zeros((len(CHANNELS), weeks, weeks))
    shares = np.array([1 - COMMUNITY_SHARE, COMMUNITY_SHARE])
    for age in range(weeks):
        absent = 1 - by_community[:, :, age]
        for last in range(age, weeks):
            if last > age:
                absent = absent * (1 - given[:, :, last, 0])
            result[:, age, last] = 1 - absent @ shares
    return result


def leaving_table(weeks: int) -> np.ndarray:
    """P(silent for two weeks) by channel, community, age of the first of these weeks, active the week before."""
    given = activity_table(weeks)
    silent = 1 - given
    return silent[:, :, :-1] * silent[:, :, 1:, :1]
