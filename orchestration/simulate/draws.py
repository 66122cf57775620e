"""Draws whose sums stay close to what was planted, so that a finding misses because of the marts, not because of luck.

With independent draws one seed in twenty would put the planted value outside a perfectly good 95 % interval.
"""

import numpy as np


def balanced_draw(rng: np.random.Generator, probability: np.ndarray, group: np.ndarray) -> np.ndarray:
    """True with the probability given for each; a group has as many trues as it can expect, give or take 1.

    Systematic sampling: in random order within each group, an element is drawn where the running sum of the
    probabilities passes a whole number (plus one random offset per call).
    """
    order = np.lexsort((rng.random(len(probability)), group))
    running = rng.random() + np.cumsum(probability[order])
    drawn = np.empty(len(probability), bool)
    drawn[order] = np.floor(running) > np.floor(running - probability[order])
    return drawn
