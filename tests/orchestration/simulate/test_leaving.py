"""The planted leaving: probabilities, and sums that leave the retention of every channel as it was."""

import numpy as np

from orchestration.simulate.block import Block, simulate_block
from orchestration.simulate.courses import build_catalogue
from orchestration.simulate.leaving import COMMUNITY_SHARE, activity_table, community_table, leaving_table
from orchestration.simulate.plants import retention_table

WEEKS = 30
SHARES = np.array([1 - COMMUNITY_SHARE, COMMUNITY_SHARE])


def test_the_tables_hold_probabilities():
    for table in (community_table(WEEKS), activity_table(WEEKS), leaving_table(WEEKS)):
        assert table.min() >= 0
        assert table.max() <= 1


def test_learners_in_and_out_of_the_community_make_up_the_retention_of_the_channel():
    assert np.allclose(np.einsum("cmk,m->ck", community_table(WEEKS), SHARES), retention_table(WEEKS))


def test_those_who_came_the_week_before_and_those_who_did_not_make_up_the_retention_of_the_kind():
    table, given = community_table(WEEKS), activity_table(WEEKS)
    before = table[..., :-1]
    assert np.allclose(before * given[..., 1:, 1] + (1 - before) * given[..., 1:, 0], table[..., 1:])


def test_what_matters_makes_a_difference():
    leaving = leaving_table(8)
    assert (leaving[:, 0, 1:] - leaving[:, 1, 1:]).min() > 0.04
    assert (leaving[:, :, 1:, 0] - leaving[:, :, 1:, 1])[:, :, 1:].min() > 0.02


def test_two_silent_weeks_are_drawn_with_the_planted_probability():
    block: Block = simulate_block(3, 0, 0, 4_000, 56, build_catalogue())
    people, expected = block.population, leaving_table(8)
    for week in range(1, 7):
        age = week - people.cohort_week
        chosen = people.is_active & (age > 0)
        came = block.active[chosen, week - 1].astype(int)
        planted = expected[people.channel[chosen], people.is_in_community[chosen].astype(int), age[chosen], came]
        silent = ~block.active[chosen, week] & ~block.active[chosen, week + 1]
        error = np.sqrt((planted * (1 - planted)).sum())
        assert abs(silent.sum() - planted.sum()) < 4 * error
