"""Intervals held against planted values: how often they hold them, how far off and how wide they are."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

import numpy as np
from scipy.stats import binom, t

Row = dict[str, Any]
Query = Callable[[str], list[Row]]
NORMAL_QUANTILE = 1.959963984540054
NOMINAL_MISS = 0.05
# Some 20 metrics, each asked for misses to both sides and for its bias: sound marts fail one drawing of seeds in 17.
SMALLEST_TAIL = 0.001


@dataclass(frozen=True)
class Trial:
    """One interval and the planted value. `expected_miss` is how often a right interval misses it at these counts."""

    planted: float
    estimate: float
    low: float
    high: float
    expected_miss: float = NOMINAL_MISS

    @property
    def is_held(self) -> bool:
        return self.low <= self.planted <= self.high


@dataclass
class Metric:
    """All trials of one metric.

    `wide_because` says why its intervals are wider than they need be, by construction; `is_biased` marks a crude
    figure that is shown to miss, beside the adjusted one.
    """

    name: str
    trials: list[Trial] = field(default_factory=list)
    wide_because: str = ""
    is_biased: bool = False

    @property
    def misses(self) -> int:
        return sum(not trial.is_held for trial in self.trials)

    @property
    def coverage(self) -> float:
        return 1 - self.misses / len(self.trials)

    @property
    def expected_coverage(self) -> float:
        return 1 - fmean(trial.expected_miss for trial in self.trials)

    @property
    def mean_error(self) -> float:
        return fmean(trial.estimate - trial.planted for trial in self.trials)

    @property
    def mean_width(self) -> float:
        return fmean(trial.high - trial.low for trial in self.trials)

    def bias(self) -> float:
        """The mean error in multiples of its standard error; 0 when nothing scatters."""
        errors = [trial.estimate - trial.planted for trial in self.trials]
        scatter = stdev(errors) if len(errors) > 1 else 0.0
        return self.mean_error / (scatter / math.sqrt(len(errors))) if scatter else 0.0

    def bias_tail(self) -> float:
        """P(a mean error that large or larger, to either side) of an unbiased estimate: Student's, for few trials."""
        return float(2 * t.sf(abs(self.bias()), max(len(self.trials) - 1, 1)))

    def upper_tail(self) -> float:
        """P(that many misses or more) of right intervals; not too small, because equal chances scatter most."""
        return float(binom.sf(self.misses - 1, len(self.trials), 1 - self.expected_coverage))

    def lower_tail(self) -> float:
        """P(that few misses or fewer) of right intervals."""
        return float(binom.cdf(self.misses, len(self.trials), 1 - self.expected_coverage))


def wilson(successes: np.ndarray | float, trials: float) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's 95 % score interval, written again here, so that the macro is not compared with itself."""
    share = np.asarray(successes, float) / trials
    square = NORMAL_QUANTILE**2
    center = (share + square / (2 * trials)) / (1 + square / trials)
    reach = NORMAL_QUANTILE * np.sqrt(share * (1 - share) / trials + square / (4 * trials**2)) / (1 + square / trials)
    return center - reach, center + reach


def wilson_miss(groups: Sequence[tuple[int, float]]) -> float:
    """How often Wilson's interval misses the mean of groups of (size, probability), by counting every outcome.

    Counts are whole, so it is 5 % only on average: of 10 learners at 0.8 it is 3.3 %, of 100 at 0.3 it is 6.3 %.
    """
    chances = np.ones(1)
    for size, probability in groups:
        chances = np.convolve(chances, binom.pmf(np.arange(size + 1), size, probability))
    total = sum(size for size, _ in groups)
    planted = sum(size * probability for size, probability in groups) / total
    low, high = wilson(np.arange(total + 1), total)
    return float(chances[(planted < low) | (high < planted)].sum())


def trial(row: Row, name: str, planted: float, expected_miss: float = NOMINAL_MISS) -> Trial:
    """The trial of a mart's column and its `_low` and `_high`."""
    return Trial(planted, float(row[name]), float(row[f"{name}_low"]), float(row[f"{name}_high"]), expected_miss)


def ratio_trial(row: Row, name: str, groups: Sequence[tuple[int, float]]) -> Trial:
    """A share of groups of (size, planted probability); their sizes are taken as they came."""
    planted = sum(size * probability for size, probability in groups) / sum(size for size, _ in groups)
    return trial(row, name, planted, wilson_miss(groups))


def median_miss(count: int) -> float:
    """How often the interval between two order statistics misses the median: at most 5 %, less for few values."""
    rank = int((binom.cdf(np.arange(count), count, 0.5) <= NOMINAL_MISS / 2).sum())
    return float(2 * binom.cdf(rank - 1, count, 0.5))


def difference_trial(planted: float, first: Trial, second: Trial) -> Trial:
    """The difference of two independent estimates; its bounds from theirs, each on its own side (Newcombe)."""
    estimate = first.estimate - second.estimate
    below = math.hypot(first.estimate - first.low, second.high - second.estimate)
    above = math.hypot(first.high - first.estimate, second.estimate - second.low)
    return Trial(planted, estimate, estimate - below, estimate + above)


def coverage_table(metrics: Sequence[Metric]) -> str:
    """One line per metric: intervals, coverage with its own interval, what was expected, error and width."""
    lines = [
        f"{'metric':<58} {'n':>6} {'coverage':>9} {'(95 % interval)':>17} {'expected':>9} {'mean error':>11} "
        f"{'in SE':>6} {'width':>7}"
    ]
    for metric in metrics:
        if not metric.trials:
            lines.append(f"{metric.name:<58} {0:>6}   no interval was published")
            continue
        low, high = wilson(len(metric.trials) - metric.misses, len(metric.trials))
        note = (
            "  biased, as shown" if metric.is_biased else f"  wide: {metric.wide_because}" * bool(metric.wide_because)
        )
        lines.append(
            f"{metric.name:<58} {len(metric.trials):>6} {metric.coverage:>9.1%} {f'({low:.1%}..{high:.1%})':>17} "
            f"{metric.expected_coverage:>9.1%} {metric.mean_error:>+11.4f} {metric.bias():>+6.1f} "
            f"{metric.mean_width:>7.3f}{note}"
        )
    return "\n".join(lines)
