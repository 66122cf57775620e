"""Item statistics against SciPy, NumPy and statsmodels, on random answers."""

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep

CLOSE = 1e-9
LEVEL, STRATUM = "Float64, UInt64, UInt64", "UInt64, UInt64, UInt64, UInt64"
Stratum = tuple[int, int, int, int]


def array(rows: list[tuple], kind: str = "") -> str:
    """A sorted array; `kind` is the type that the marts have there, where counts are UInt64."""
    literal = "[" + ", ".join("(" + ", ".join(repr(value) for value in row) + ")" for row in sorted(rows)) + "]"
    return f"cast({literal}, 'Array(Tuple({kind}))')" if kind else literal


def points(xs: np.ndarray, ys: np.ndarray) -> str:
    """Learners counted by their pair of values, as the marts do it."""
    return array([(*pair, count) for pair, count in Counter(zip(xs.tolist(), ys.tolist(), strict=True)).items()])


def random_strata(rng: np.random.Generator, count: int, largest: int, effect: float = 0.1) -> list[Stratum]:
    strata = []
    for base in rng.uniform(0.2, 0.8, count):
        exposed, unexposed = rng.integers(1, largest, 2).tolist()
        right = int(rng.binomial(exposed, min(base + effect, 1)))
        strata.append((right, exposed, int(rng.binomial(unexposed, base)), unexposed))
    return strata


def tables(strata: list[Stratum]) -> list[np.ndarray]:
    return [np.array([[a, n1 - a], [b, n0 - b]], float) for a, n1, b, n0 in strata]


@pytest.mark.parametrize("seed", range(5))
def test_the_point_biserial_correlation_and_its_interval_equal_scipy(formula, seed: int):
    rng = np.random.default_rng(seed)
    rest = rng.integers(0, 9, 400) / 8
    right = (rng.random(400) < 0.2 + 0.6 * rest).astype(int)
    expected = stats.pearsonr(right, rest)
    interval = expected.confidence_interval(0.95)
    r = formula.value(formula.correlation(points(right, rest)))
    assert r == pytest.approx(float(stats.pointbiserialr(right, rest).statistic), abs=CLOSE)
    assert formula.value(formula.correlation_low(repr(r), "400")) == pytest.approx(interval.low, abs=CLOSE)
    assert formula.value(formula.correlation_high(repr(r), "400")) == pytest.approx(interval.high, abs=CLOSE)


def test_a_correlation_of_something_constant_is_null(formula):
    for rows in ([(1, 0.5, 4), (1, 0.25, 3)], [(1, 0.5, 4), (0, 0.5, 3)], [(1, 0.5, 4)]):
        assert formula.value(formula.correlation(array(rows))) is None


def test_a_perfect_correlation_is_its_own_interval(formula):
    r = formula.value(formula.correlation(array([(0, 0.0, 5), (1, 1.0, 3)])))
    assert r == 1
    assert formula.value(formula.correlation_low("1.0", "8")) == 1
    assert formula.value(formula.correlation_high("-1.0", "8")) == -1
    assert formula.value(formula.correlation_low("0.5", "3")) is None


def test_a_correlation_is_the_same_to_the_last_bit_in_any_order_of_rows(formula):
    """`corr()` over the rows themselves gives other last digits with another order, so the test would see it."""
    rng = np.random.default_rng(1)
    rows = [(int(x), float(y)) for x, y in zip(rng.integers(0, 2, 3000), rng.integers(0, 8, 3000) / 7, strict=True)]
    figures, naive = set(), set()
    for _ in range(4):
        rng.shuffle(rows)
        values = ", ".join(f"({int(x)}, {y!r})" for x, y in rows)
        counted = f"select x, y, count() as n from values('x UInt8, y Float64', {values}) group by x, y"
        figures.add(formula.text(f"({formula.correlation('arraySort(groupArray((x, y, n)))')}) from ({counted})"))
        naive.add(formula.text(f"corr(x, y) from values('x UInt8, y Float64', {values})"))
    assert len(figures) == 1
    assert len(naive) > 1


@pytest.mark.parametrize("seed", range(5))
def test_alpha_equals_the_definition_on_the_matrix_of_answers(formula, seed: int):
    rng = np.random.default_rng(seed)
    n, k = 300, 7
    answers = (rng.random((n, k)) < 0.3 + 0.5 * rng.random((n, 1))).astype(int)
    total = answers.sum(axis=1)
    expected = k / (k - 1) * (1 - answers.var(axis=0, ddof=1).sum() / total.var(ddof=1))
    right = answers.sum(axis=0).tolist()
    items = sum(n * s - s * s for s in right)
    whole = n * int((total**2).sum()) - int(total.sum()) ** 2
    assert formula.value(formula.cronbach_alpha(str(k), str(items), str(whole))) == pytest.approx(expected, abs=CLOSE)


def test_alpha_of_one_item_or_of_equal_totals_is_null(formula):
    assert formula.value(formula.cronbach_alpha("1", "3", "3")) is None
    assert formula.value(formula.cronbach_alpha("4", "3", "0")) is None


@pytest.mark.parametrize("seed", range(5))
def test_the_upper_lower_index_is_what_ties_cut_by_lot_give_on_average(formula, seed: int):
    """100 learners, 27 in each group, five scores: 4,000 random orders of equal scores."""
    rng = np.random.default_rng(seed)
    score, right = rng.integers(0, 5, 100), rng.integers(0, 2, 100)
    by_lot = []
    for _ in range(4000):
        order = np.lexsort((rng.random(100), score))
        by_lot.append(right[order[-27:]].mean() - right[order[:27]].mean())
    levels = [(s / 4, int((score == s).sum()), int(right[score == s].sum())) for s in np.unique(score).tolist()]
    index = formula.value(formula.upper_lower_index(array(levels, LEVEL), 0.27))
    assert index == pytest.approx(np.mean(by_lot), abs=4 * np.std(by_lot) / math.sqrt(4000))


def test_the_upper_lower_groups_without_ties_are_the_ends(formula):
    levels = array([(i / 10, 1, int(i >= 5)) for i in range(10)], LEVEL)
    assert formula.value(formula.upper_group_ratio(levels, 0.3)) == pytest.approx(1)
    assert formula.value(formula.lower_group_ratio(levels, 0.3)) == pytest.approx(0)
    assert formula.value(formula.upper_lower_index("[(0.0, 0, 0)]", 0.27)) is None


@pytest.mark.parametrize("seed", range(8))
def test_the_risk_difference_has_the_numerator_of_statsmodels_mantel_haenszel_test(formula, seed: int):
    """Σ (a n0 − b n1) / N is what the Mantel–Haenszel test squares and divides by the variance under no effect."""
    strata = random_strata(np.random.default_rng(seed), count=6, largest=60)
    weight = sum(n1 * n0 / (n1 + n0) for _, n1, _, n0 in strata)
    variance = sum(n1 * n0 * (a + b) * (n1 + n0 - a - b) / ((n1 + n0) ** 2 * (n1 + n0 - 1)) for a, n1, b, n0 in strata)
    tested = StratifiedTable(tables(strata)).test_null_odds(correction=False).statistic
    difference = formula.value(formula.mantel_haenszel_difference(array(strata, STRATUM)))
    assert (difference * weight) ** 2 / variance == pytest.approx(tested, rel=CLOSE)


@pytest.mark.parametrize("seed", range(8))
def test_the_variance_is_greenlands_and_robins(formula, seed: int):
    """As the paper writes it, and as the weighted sum of the binomial variances in the strata."""
    strata = random_strata(np.random.default_rng(100 + seed), count=5, largest=40)
    weight = sum(n1 * n0 / (n1 + n0) for _, n1, _, n0 in strata)
    paper = sum((a * (n1 - a) * n0**3 + b * (n0 - b) * n1**3) / (n1 * n0 * (n1 + n0) ** 2) for a, n1, b, n0 in strata)
    measured = formula.value(formula.mantel_haenszel_variance(array(strata, STRATUM)))
    assert measured == pytest.approx(paper / weight**2, rel=CLOSE)


@pytest.mark.parametrize("seed", range(5))
def test_one_stratum_is_the_plain_difference_of_statsmodels(formula, seed: int):
    strata = random_strata(np.random.default_rng(200 + seed), count=1, largest=300)
    a, n1, b, n0 = strata[0]
    low, high = confint_proportions_2indep(a, n1, b, n0, method="wald", compare="diff")
    difference = formula.value(formula.mantel_haenszel_difference(array(strata, STRATUM)))
    spread = stats.norm.ppf(0.975) * math.sqrt(formula.value(formula.mantel_haenszel_variance(array(strata, STRATUM))))
    assert (difference - spread, difference + spread) == pytest.approx((low, high), abs=CLOSE)


def test_a_stratum_with_one_group_says_nothing(formula):
    alone, both = [(3, 5, 0, 0), (0, 0, 4, 9)], [(8, 10, 3, 10)]
    assert formula.value(formula.mantel_haenszel_size(array(alone + both, STRATUM))) == 20
    for name in ("difference", "variance", "low", "high"):
        macro = getattr(formula, f"mantel_haenszel_{name}")
        assert formula.value(macro(array(alone, STRATUM))) is None
        assert formula.value(macro(array(alone + both, STRATUM))) == formula.value(macro(array(both, STRATUM)))


def test_groups_that_answered_alike_do_not_claim_certainty(formula):
    alike = array([(12, 12, 30, 30)], STRATUM)
    assert formula.value(formula.mantel_haenszel_variance(alike)) == 0
    assert formula.value(formula.mantel_haenszel_low(alike)) < -0.05
    assert formula.value(formula.mantel_haenszel_high(alike)) > 0.05


@pytest.mark.parametrize(("largest", "effect"), [(20, 0.0), (20, 0.15), (80, 0.15)])
def test_intervals_hold_the_true_difference_about_95_times_in_100(formula, largest: int, effect: float):
    """2,000 simulated items of five strata: the binomial spread of the coverage itself is ± 1 %."""
    rng = np.random.default_rng(7)
    low, high = formula.mantel_haenszel_low("strata"), formula.mantel_haenszel_high("strata")
    held = []
    for _ in range(8):
        rows = ", ".join(f"({array(random_strata(rng, 5, largest, effect))})" for _ in range(250))
        source = f"values('strata Array(Tuple({STRATUM}))', {rows})"
        held.append(formula.value(f"avg({low} <= {effect} and {effect} <= {high}) from {source}"))
    assert 0.935 < np.mean(held) < 0.985
