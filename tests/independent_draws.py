"""A simulation whose counts scatter as binomial ones do, which is what the coverage of an interval is measured on.

With the simulator's balanced draws nearly every interval holds the planted value, whatever its width.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np

from orchestration.simulate import draws


@contextmanager
def independent_draws() -> Iterator[None]:
    """Each element is drawn on its own for the length of a block."""
    with mock.patch.object(draws, "balanced_draw", _independent_draw):
        yield


def _independent_draw(rng: np.random.Generator, probability: np.ndarray, group: np.ndarray) -> np.ndarray:
    return rng.random(len(probability)) < probability
