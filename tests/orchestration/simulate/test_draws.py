"""Balanced draws: the planted probability for each, and hardly any luck in the sum."""

import numpy as np

from orchestration.simulate import draws
from orchestration.simulate.draws import balanced_draw
from tests.independent_draws import independent_draws


def test_each_group_gets_what_it_can_expect_give_or_take_one() -> None:
    rng = np.random.default_rng(1)
    probability, group = rng.random(5_000), rng.integers(0, 40, 5_000)
    for _ in range(20):
        drawn = balanced_draw(rng, probability, group)
        for member in range(40):
            inside = group == member
            assert abs(drawn[inside].sum() - probability[inside].sum()) <= 1


def test_each_element_is_drawn_with_its_own_probability() -> None:
    rng = np.random.default_rng(2)
    probability = np.array([0.0, 0.1, 0.5, 0.9, 1.0])
    times = np.zeros(5)
    for _ in range(4_000):
        times += balanced_draw(rng, probability, np.zeros(5, int))
    assert times[0] == 0
    assert times[4] == 4_000
    assert np.abs(times / 4_000 - probability).max() < 0.03


def test_nobody_to_draw_from_is_nobody_drawn() -> None:
    assert balanced_draw(np.random.default_rng(3), np.array([]), np.array([], int)).tolist() == []


def test_independent_draws_scatter_as_binomial_counts_do():
    """Of 100 at 0.3 the count varies by 21; balanced it varies by at most 1."""
    rng, probability, group = np.random.default_rng(4), np.full(100, 0.3), np.zeros(100, int)
    with independent_draws():
        counts = [draws.balanced_draw(rng, probability, group).sum() for _ in range(2000)]
    assert 18 < np.var(counts) < 24
    assert np.ptp([draws.balanced_draw(rng, probability, group).sum() for _ in range(50)]) <= 1
