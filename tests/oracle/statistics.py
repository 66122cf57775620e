"""The intervals that go with a rate, by the book."""

from math import exp, log, sqrt

Z = 1.959963984540054


def wilson(part: int, whole: int) -> tuple[float, float] | None:
    """Wilson's 95 % score interval."""
    if whole == 0:
        return None
    share = part / whole
    centre = share + Z * Z / (2 * whole)
    half = Z * sqrt(share * (1 - share) / whole + Z * Z / (4 * whole * whole))
    low, high = ((centre + sign * half) / (1 + Z * Z / whole) for sign in (-1, 1))
    return max(low, 0.0), min(high, 1.0)


def log_log(survival: float, greenwood: float) -> tuple[float | None, float | None]:
    """Bounds of a survival curve: ±z on the scale of log(−log S)."""
    if survival == 1:
        return 1.0, 1.0
    if survival == 0:
        return 0.0, None
    error = Z * sqrt(greenwood) / abs(log(survival))
    return survival ** exp(error), survival ** exp(-error)
