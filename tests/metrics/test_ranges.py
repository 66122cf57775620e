"""Every metric stays within what it can be: one query per formula over thousands of random cases.

Small groups, learners all alike and none left are where rounding leaves the range, so the cases are full of it. Ranges
are asked for exactly, without a tolerance.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

CASES = 4_000
CAUSES = (1, 2, 3)
LIFE = "case UInt64, week UInt64, n UInt64, d1 UInt64, d2 UInt64, d3 UInt64"
PARTS = "Array(Tuple(UInt64, UInt64, UInt64, UInt64))"
WINDOWS = """
    window so_far as (partition by case order by week rows between unbounded preceding and current row),
           before as (partition by case order by week rows between unbounded preceding and 1 preceding)
"""


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(15)


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str, list[tuple]], str]:
    """Gives a table function of rows; floats come back bit by bit."""

    def write(columns: str, rows: list[tuple]) -> str:
        path = tmp_path / "rows.tsv"
        path.write_text("\n".join("\t".join(map(repr, row)) for row in rows) + "\n")
        return f"file('{path}', 'TSV', '{columns}')"

    return write


def plain(rows: np.ndarray) -> list[tuple]:
    return [tuple(row) for row in rows.tolist()]


def counts(rng: np.random.Generator, largest: int = 60) -> list[tuple]:
    """Part and whole; a third of the parts are none or all."""
    wholes = rng.integers(1, largest, CASES)
    shares = rng.choice([0.0, 1.0, 0.1, 0.5, 0.9, 0.99], CASES)
    return plain(np.stack((rng.binomial(wholes, shares), wholes), axis=1))


def assert_never(formula, source: str, select: str, **broken: str) -> None:
    """None of the conditions holds for any row; a condition that is NULL has met a value that should be there."""
    names = ", ".join(f"countIf(ifNull({condition}, true)) as {name}_broken" for name, condition in broken.items())
    measured = formula.rows(f"with results as (select *, {select} from {source}) select {names} from results")[0]
    assert dict(zip(broken, measured.tolist(), strict=True)) == dict.fromkeys(broken, 0)


def life_tables(rng: np.random.Generator) -> list[tuple]:
    """Nested risk sets in which learners end by one of three causes or can be followed no further."""
    rows = []
    for case in range(CASES):
        at_risk = int(rng.integers(1, 40))
        chances = rng.dirichlet((0.3, 0.3, 0.3, 0.3)) if case % 3 else rng.permutation([1.0, 0, 0, 0])
        for week in range(int(rng.integers(1, 9))):
            leaving = at_risk if week == 7 else int(rng.binomial(at_risk, rng.choice([0, 0.1, 0.5, 1])))
            *ends, censored = rng.multinomial(leaving, chances).tolist()
            rows.append((case, week, at_risk, *ends))
            at_risk -= sum(ends) + censored
    return rows


def curves(formula, source: str) -> str:
    incidences = ", ".join(
        f"{formula.aalen_johansen_incidence(f'd{c}', 'd', 'n', 's', 's_before', 'so_far')} as i{c}" for c in CAUSES
    )
    variances = ", ".join(
        f"{formula.aalen_johansen_variance(f'i{c}', f'd{c}', 'd', 'n', 's_before', 'so_far')} as v{c}" for c in CAUSES
    )
    return f"""
        (with
            counted as (select *, d1 + d2 + d3 as d from {source}),
            survivals as (select *, {formula.running_survival("d", "n", "so_far")} as s,
                {formula.running_survival("d", "n", "before")} as s_before,
                sum({formula.greenwood_term("d", "n")}) over so_far as spread,
                sum(d1) over so_far as all1, sum(d) over so_far as all_d from counted {WINDOWS}),
            incidences as (select *, {incidences}, minIf(n, n > 0) over so_far as least_n from survivals {WINDOWS})
        select *, {variances} from incidences {WINDOWS})
    """


def test_survival_and_the_incidences_of_causes_share_out_one(formula, table, rng):
    bounds = ", ".join(
        f"{formula.aalen_johansen_low(f'i{c}', f'v{c}', 'least_n')} as low{c}, "
        f"{formula.aalen_johansen_high(f'i{c}', f'v{c}', 'least_n')} as high{c}"
        for c in CAUSES
    )
    survival = f"{formula.greenwood_low('s', 'spread')} as s_low, {formula.greenwood_high('s', 'spread')} as s_high"
    incidence_is_outside = " or ".join(f"not (i{c} >= 0 and i{c} <= 1)" for c in CAUSES)
    bound_is_outside = " or ".join(
        f"not (0 <= low{c} and low{c} <= i{c} and i{c} <= high{c} and high{c} <= 1)" for c in CAUSES
    )
    source = curves(formula, table(LIFE, life_tables(rng)))
    assert_never(
        formula,
        source,
        f"{bounds}, {survival}",
        survival="not (s >= 0 and s <= 1)",
        survival_of_nobody_left="(n > 0 and d = n and s != 0) or (all_d = 0 and s != 1)",
        survival_bounds="not (0 <= s_low and s_low <= s) or (s > 0) != ifNull(s <= s_high and s_high <= 1, false)",
        incidence=incidence_is_outside,
        incidence_of_one_cause="(s = 0 and all1 = all_d and i1 != 1) or (all1 = 0 and i1 != 0)",
        sum="abs(s + i1 + i2 + i3 - 1) > 1e-15",
        bounds=bound_is_outside,
        variances=" or ".join(f"not (v{c} >= 0 and v{c} < 1)" for c in CAUSES),
    )


def test_means_of_time_stay_within_the_horizon(formula, table, rng):
    ordered = "arraySort(groupArray((week, {})))"
    names = {"survivals": "s", "before": "s_before", "lost": "i1", "c": "d1", "d": "d", "n": "n"}
    arrays = ", ".join(f"arrayMap(p -> p.2, {ordered.format(column)}) as {name}" for name, column in names.items())
    source = f"(select {arrays} from {curves(formula, table(LIFE, life_tables(rng)))} group by case)"
    mean, lost = formula.restricted_mean("survivals"), formula.restricted_mean_lost("lost")
    variance = formula.restricted_mean_variance("survivals", "d", "n")
    lost_variance = formula.restricted_mean_lost_variance("lost", "c", "d", "n", "before")
    select = f"""
        toUInt32(length(n)) as weeks, {mean} as m, {lost} as l,
        sqrt({variance}) as m_error, sqrt({lost_variance}) as l_error,
        {formula.mean_low("m", "m_error", 0, "weeks")} as m_low,
        {formula.mean_high("m", "m_error", 0, "weeks")} as m_high,
        {formula.mean_low("l", "l_error", 0, "weeks")} as l_low,
        {formula.mean_high("l", "l_error", 0, "weeks")} as l_high
    """
    assert_never(
        formula,
        source,
        select,
        horizon="not (m >= 0 and l >= 0 and m <= weeks and l <= weeks and m + l <= weeks + 1e-14)",
        mean_bounds="not (0 <= m_low and m_low <= m and m <= m_high and m_high <= weeks)",
        lost_bounds="not (0 <= l_low and l_low <= l and l <= l_high and l_high <= weeks)",
    )


def test_wilson_bounds_hold_the_share_and_are_exact_at_none_and_all(formula, table, rng):
    assert_never(
        formula,
        table("x UInt64, n UInt64", counts(rng) + counts(rng, 10**7)),
        f"""
            {formula.ratio("x", "n")} as p,
            {formula.wilson_low("x", "n")} as low, {formula.wilson_high("x", "n")} as high
        """,
        range="not (0 <= low and low <= p and p <= high and high <= 1)",
        exact="(x = 0 and low != 0) or (x = n and high != 1) or (x = 0 and high <= 0) or (x = n and low >= 1)",
    )


def test_a_standardised_share_and_its_interval_stay_within_one(formula, table, rng):
    rows = []
    for _ in range(CASES):
        groups = counts_of_strata(rng)
        weights = rng.choice([0.1, 0.3, 0.7, 1 / 3, 3.0, 17.0], len(groups)).tolist()
        rows.append((sorted((w, e, n) for w, (e, n) in zip(weights, groups, strict=True)),))
    assert_never(
        formula,
        table("strata Array(Tuple(Float64, UInt64, UInt64))", rows),
        f"""
            arraySum(s -> s.2, strata) as events, arraySum(s -> s.3, strata) as size,
            {formula.standardised_ratio("strata")} as r, {formula.standardised_variance("strata")} as v,
            {formula.standardised_effective_size("r", "v", "strata")} as e,
            {formula.wilson_low("r * e", "e")} as low, {formula.wilson_high("r * e", "e")} as high
        """,
        range="not (0 <= r and r <= 1 and v >= 0 and e > 0 and e <= size + 1e-9)",
        exact="(events = 0 and r != 0) or (events = size and r != 1)",
        bounds="not (0 <= low and low <= r + 1e-15 and r <= high + 1e-15 and high <= 1)",
    )


def counts_of_strata(rng: np.random.Generator) -> list[tuple[int, int]]:
    sizes = rng.integers(1, 30, int(rng.integers(1, 6)))
    share = rng.choice([0, 1, 0.1, 0.5, 0.9])
    return plain(np.stack((rng.binomial(sizes, share), sizes), axis=1))


def test_the_mantel_haenszel_difference_and_its_interval_stay_within_one(formula, table, rng):
    rows = []
    for _ in range(CASES):
        strata = []
        for _ in range(int(rng.integers(1, 6))):
            exposed, unexposed = rng.integers(0, 20, 2).tolist()
            right = rng.choice([0, 1, 0.3, 0.9], 2)
            a, b = int(rng.binomial(exposed, right[0])), int(rng.binomial(unexposed, right[1]))
            strata.append((a, exposed, b, unexposed))
        rows.append((sorted(strata),))
    both = "arrayFilter(s -> s.2 > 0 and s.4 > 0, strata)"
    assert_never(
        formula,
        table(f"strata {PARTS}", rows),
        f"""
            {both} as used, {formula.mantel_haenszel_difference("strata")} as d,
            {formula.mantel_haenszel_variance("strata")} as v,
            {formula.mantel_haenszel_low("strata")} as low, {formula.mantel_haenszel_high("strata")} as high
        """,
        range="notEmpty(used) and not (-1 <= low and low <= d and d <= high and high <= 1 and v >= 0)",
        nothing="empty(used) and (isNotNull(d) or isNotNull(v) or isNotNull(low) or isNotNull(high))",
        exact="notEmpty(used) and arrayAll(s -> s.1 = s.2 and s.3 = 0, used) and d != 1",
    )


def test_poisson_bounds_hold_the_count(formula, table, rng):
    numbers = np.concatenate((np.arange(2_000), rng.integers(2_000, 200_000, 200)))
    assert_never(
        formula,
        table("d UInt64", [(n,) for n in numbers.tolist()]),
        f"{formula.poisson_low('d')} as low, {formula.poisson_high('d')} as high",
        range="not (low >= 0 and low <= d and d < high and high < 2 * d + 10)",
        exact="d = 0 and low != 0",
    )


def test_p_values_and_q_values_are_probabilities(formula, table, rng):
    rows = [
        (i, k, n, float(p)) for i, ((k, n), p) in enumerate(zip(counts(rng), rng.beta(0.2, 0.2, CASES), strict=True))
    ]
    source = table("i UInt64, k UInt64, n UInt64, p Float64", rows)
    tests = f"select *, {formula.binomial_upper_tail('k', 'n', 'p')} as p_value, i % 97 as family from {source}"
    corrected = formula.benjamini_hochberg("tests", "p_value", ["i", "k", "p", "family"], ["family"])
    assert_never(
        formula,
        f"(with tests as ({tests}) {corrected})",
        "1 as is_tested",
        p_value="not (p_value >= 0 and p_value <= 1)",
        q_value="not (q_value >= p_value and q_value <= 1)",
        exact="k = 0 and (p_value != 1 or q_value != 1)",
    )


def test_correlations_stay_within_one_and_are_exact_on_a_line(formula, table, rng):
    rows = []
    for case in range(CASES):
        scores = rng.integers(0, 9, 8) / rng.choice([3, 7, 8, 1e7]) + rng.choice([0.0, 0.3, 1e3])
        levels = rng.choice(scores, 2) if case % 4 == 0 else scores
        right = (levels == levels.max()).astype(int) if case % 4 == 0 else rng.integers(0, 2, 8)
        pairs = sorted(set(zip(right.tolist(), levels.tolist(), strict=True)))
        rows.append(([(x, y, int(rng.integers(1, 40))) for x, y in pairs], int(case % 4 == 0)))
    assert_never(
        formula,
        table("points Array(Tuple(UInt8, Float64, UInt64)), is_line UInt8", rows),
        f"""
            arrayUniq(points.1) > 1 and arrayUniq(points.2) > 1 as is_defined,
            {formula.correlation("points")} as r, arraySum(points.3) as size,
            {formula.correlation_low("r", "size")} as low, {formula.correlation_high("r", "size")} as high
        """,
        range="is_defined and not (-1 <= r and r <= 1)",
        undefined="is_defined != isNotNull(r)",
        exact="is_line and is_defined and r != 1",
        bounds="is_defined and size > 3 and not (-1 <= low and low <= r and r <= high and high <= 1)",
    )


def test_alpha_is_at_most_one_and_exactly_one_for_items_that_agree(formula, table, rng):
    rows = []
    for case in range(CASES):
        learners, items = int(rng.integers(2, 40)), int(rng.integers(2, 30))
        first = rng.integers(0, 2, (learners, 1))
        answers = np.repeat(first, items, axis=1) if case % 3 == 0 else rng.integers(0, 2, (learners, items))
        right, totals = answers.sum(axis=0), answers.sum(axis=1)
        item_variances = int((learners * right - right**2).sum())
        rows.append((items, item_variances, int(learners * (totals**2).sum() - totals.sum() ** 2), int(case % 3 == 0)))
    assert_never(
        formula,
        table("k UInt64, v Int128, t Int128, is_alike UInt8", rows),
        f"{formula.cronbach_alpha('k', 'v', 't')} as alpha",
        range="t > 0 and not (alpha <= 1 and alpha > -1e9)",
        undefined="t = 0 and isNotNull(alpha)",
        exact="t > 0 and is_alike and alpha != 1",
    )


@pytest.mark.parametrize("share", [0.27, 0.1, 0.5])
def test_the_upper_lower_index_stays_within_one(formula, table, rng, share):
    rows = []
    for case in range(CASES):
        sizes = rng.integers(1, 12, int(rng.integers(1, 9)))
        rights = sizes if case % 4 == 0 else rng.binomial(sizes, rng.choice([0, 0.3, 0.9]))
        scores = np.arange(len(sizes)) / len(sizes)
        rows.append((list(zip(scores.tolist(), sizes.tolist(), rights.tolist(), strict=True)), int(case % 4 == 0)))
    assert_never(
        formula,
        table("levels Array(Tuple(Float64, UInt64, UInt64)), is_all_right UInt8", rows),
        f"""
            {formula.upper_group_ratio("levels", share)} as upper,
            {formula.lower_group_ratio("levels", share)} as lower,
            {formula.upper_lower_index("levels", share)} as distance
        """,
        range="not (0 <= upper and upper <= 1 and 0 <= lower and lower <= 1 and -1 <= distance and distance <= 1)",
        exact="is_all_right and (upper != 1 or lower != 1 or distance != 0)",
    )


def test_quantiles_and_the_bounds_of_the_median_lie_among_the_values(formula, table, rng):
    rows = [(sorted((rng.integers(0, 5, int(n)) / 3 + 0.1).tolist()),) for n in rng.integers(1, 30, CASES)]
    levels = (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1)
    quantiles = ", ".join(formula.sorted_quantile("sorted", level) for level in levels)
    assert_never(
        formula,
        table("sorted Array(Float64)", rows),
        f"[{quantiles}] as quantiles, {formula.median_low('sorted')} as low, {formula.median_high('sorted')} as high",
        range="quantiles[1] != sorted[1] or quantiles[-1] != sorted[-1] or arraySort(quantiles) != quantiles",
        median="length(sorted) >= 6 and not (low <= quantiles[4] and quantiles[4] <= high)",
        few="length(sorted) < 6 and (isNotNull(low) or isNotNull(high))",
    )


def test_a_slope_lies_within_its_bounds(formula, table, rng):
    shares = rng.choice([0, 1, 0.1, 0.5], CASES)
    rows = [((rng.random(30) < share).astype(int).tolist(),) for share in shares]
    assert_never(
        formula,
        table("answers Array(Int64)", rows),
        f"""
            {formula.slope("answers", 30)} as b,
            {formula.slope_low("answers", 30)} as low, {formula.slope_high("answers", 30)} as high
        """,
        range="not (-1 < low and low <= b and b <= high and high < 1)",
        exact="arrayUniq(answers) = 1 and (b != 0 or low != 0 or high != 0)",
    )
