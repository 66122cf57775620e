"""Draws whose sums stay close to what was planted, so that a finding misses because of the marts, not because of luck.

With independent draws one seed in twenty would put the planted value outside a perfectly good 95 % interval.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

_is_balanced = ContextVar("is_balanced", default=True)


@contextmanager
def independent_draws() -> Iterator[None]:
    """Lets each element be drawn on its own for the length of a block.

    Only so do counts scatter as binomial ones do, which is what the coverage of an interval is measured on: with
    balanced draws nearly every interval holds the planted value, whatever its width.
    """
    before = _is_balanced.set(False)
    try:
        yield
    finally:
        _is_balanced.reset(before)


def balanced_draw(rng: np.random.Generator, probability: np.ndarray, group: np.ndarray) -> np.ndarray:
    """True with the probability given for each; a group has as many trues as it can expect, give or take 1.

    Systematic sampling: in random order within each group, an element is drawn where the running sum of the
    probabilities passes a whole number (plus one random offset per call).
    """
    if not _is_balanced.get():
        return rng.random(len(probability)) < probability
    order = np.lexsort((rng.random(len(probability)), group))
    running = rng.random() + np.cumsum(probability[order])
    drawn = np.empty(len(probability), bool)
    drawn[order] = np.floor(running) > np.floor(running - probability[order])
    return drawn
