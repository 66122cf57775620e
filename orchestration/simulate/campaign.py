"""Learners who are written to, and what it is worth: planted, so that the measured effect can be held against it.

Who came two weeks before and not in the week before takes part; half of them, drawn here, are written to on the
Monday. For the week that begins with it,

    P(active | written to) = p + d / 2,   P(active | left alone) = p - d / 2,   d = CONTACT_EFFECT · p · (1 − p)

so that the retention of every channel stays as it is. Kept is who is active in that week or the next one:
the effect on it is d · (1 − P(active in the next week | silent in this one)).
"""

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from orchestration.simulate import draws
from orchestration.simulate.learners import Population
from orchestration.simulate.leaving import activity_table

CONTACT_EFFECT = 2.0
CONTACTED_SHARE = 0.5
CONTACTED, LEFT_ALONE = "mail", "held_out"


@dataclass(frozen=True)
class Campaign:
    """The places of those who take part, whether they are written to, what it does to each, and who was kept."""

    week: int
    learners: np.ndarray
    is_contacted: np.ndarray
    effect: np.ndarray
    is_kept: np.ndarray


def draw_campaign(
    rng: np.random.Generator, people: Population, active: np.ndarray, week: int
) -> tuple[np.ndarray, Campaign]:
    """Active weeks with the effect in them, and the campaign. What came before the week stays as it was drawn."""
    active, weeks = active.copy(), active.shape[1]
    here = np.flatnonzero(people.is_active & active[:, week - 2] & ~active[:, week - 1])
    tables = activity_table(weeks)[people.channel[here], people.is_in_community[here].astype(int)]
    kind = 2 * people.channel[here] + people.is_in_community[here]
    is_contacted = draws.balanced_draw(rng, np.full(len(here), CONTACTED_SHARE), kind)
    before, effect = np.zeros(len(here), bool), np.zeros(len(here))
    for now in range(week, weeks):
        age = now - people.cohort_week[here]
        likely = tables[np.arange(len(here)), age, before.astype(int)]
        if now == week:
            effect = CONTACT_EFFECT * likely * (1 - likely)
            likely = likely + (is_contacted - CONTACTED_SHARE) * effect
            effect = effect * (1 - tables[np.arange(len(here)), age + 1, 0])
        before = draws.balanced_draw(rng, likely, 4 * kind + 2 * is_contacted + before)
        active[here, now] = before
    return active, Campaign(week, here, is_contacted, effect, active[here, week] | active[here, week + 1])


def identity(actor: str) -> str:
    """What the learner's pseudonym is made of: the account, or the hash of the address."""
    known = json.loads(actor)
    if "mbox" in known:
        return f"mbox_sha1sum|{hashlib.sha1(known['mbox'].encode()).hexdigest()}"
    return f"account|{known['account']['homePage']}|{known['account']['name']}"
