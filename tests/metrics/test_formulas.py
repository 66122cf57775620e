"""The metric macros against scipy: each formula as the engine computes it, beside a reference implementation."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy import stats

MACROS = Path(__file__).resolve().parents[2] / "macros" / "metrics"
COUNTS = [(0, 1), (1, 1), (0, 10), (3, 10), (10, 10), (7, 250), (12_345, 100_000), (99_999, 100_000)]


@pytest.fixture
def evaluate(formula):
    """Evaluates SQL expressions over named columns given as rows; NULL comes back as None."""

    def run(expression: str, columns: str, rows: list[tuple]) -> list[float | None]:
        values = ", ".join("(" + ", ".join(_literal(v) for v in (i, *row)) + ")" for i, row in enumerate(rows))
        sql = f"select {expression} from values('position UInt64, {columns}', {values}) order by position"
        lines = formula.query(sql).splitlines()
        return [None if line == "\\N" else float(line) for line in lines]

    return run


def _literal(value: object) -> str:
    return "null" if value is None else repr(value)


def test_a_ratio_of_nothing_is_null(formula, evaluate):
    assert evaluate(formula.ratio("x", "n"), "x UInt64, n UInt64", [(1, 4), (0, 4), (0, 0)]) == [0.25, 0, None]


def test_wilson_bounds_equal_scipy(formula, evaluate):
    expected = [stats.binomtest(x, n).proportion_ci(0.95, "wilson") for x, n in COUNTS]
    low = evaluate(formula.wilson_low("x", "n"), "x UInt64, n UInt64", COUNTS)
    high = evaluate(formula.wilson_high("x", "n"), "x UInt64, n UInt64", COUNTS)
    assert low == pytest.approx([interval.low for interval in expected], abs=1e-9)
    assert high == pytest.approx([interval.high for interval in expected], abs=1e-9)


def test_wilson_bounds_of_an_empty_group_are_null(formula, evaluate):
    columns, rows = "x Nullable(UInt64), n Nullable(UInt64)", [(0, 0), (None, 5), (3, None)]
    assert evaluate(formula.wilson_low("x", "n"), columns, rows) == [None, None, None]
    assert evaluate(formula.wilson_high("x", "n"), columns, rows) == [None, None, None]


def test_a_value_over_nine_learners_is_not_shown(formula, evaluate):
    rows = [(0.5, 9), (0.5, 10), (0.5, None)]
    columns = "value Float64, learners Nullable(UInt64)"
    assert evaluate(formula.suppressed("value", "learners"), columns, rows) == [None, 0.5, None]
    assert evaluate(f"toUInt8({formula.is_suppressed('learners')})", columns, rows) == [1, 0, 1]


@pytest.mark.parametrize(
    ("censored", "at_risk", "reason"),
    [
        (246, 257, "censored"),
        (0, 257, ""),
        (20, 30, ""),
        (21, 30, "censored"),
        (9, 9, "suppressed"),
        (0, 0, "suppressed"),
    ],
)
def test_a_rate_over_a_group_that_is_hardly_judged_says_censored(formula, censored, at_risk, reason):
    assert formula.query(f"select {formula.drop_off_reason(censored, at_risk)}").rstrip("\n") == reason


@pytest.mark.parametrize(
    ("exits", "reasons"),
    [
        # (censored, at risk) of one bin after the other; 30 learners started.
        ([(0, 30), (21, 30), (0, 9), (0, 9)], ["", "censored", "censored", "censored"]),
        ([(7, 30), (7, 23), (7, 16), (2, 9)], ["", "", "censored", "censored"]),
        ([(1, 1), (0, 30), (10, 30), (10, 20)], ["", "", "", "censored"]),
    ],
    ids=["half of a video at once", "far apart", "one learner alone in a bin"],
)
def test_a_survival_curve_is_censored_from_where_too_few_are_judged(formula, exits, reasons):
    rows = ", ".join(f"({number}, {censored}, {at_risk})" for number, (censored, at_risk) in enumerate(exits))
    sql = (
        f"select {formula.survival_reason('c', 'n', '30', 'so_far')} "
        f"from values('b UInt8, c UInt64, n UInt64', {rows}) "
        "window so_far as (order by b rows between unbounded preceding and current row) order by b"
    )
    assert formula.query(sql).split("\n")[:-1] == reasons


def test_a_ratio_with_its_interval_is_three_columns_or_three_nulls(formula):
    columns = formula.ratio_with_interval("share", "x", "n")
    groups = "values('x UInt64, n UInt64', (3, 10), (3, 9))"
    sql = f"select {columns} from {groups} order by share nulls last"
    shown, hidden = formula.query(sql).splitlines()
    interval = stats.binomtest(3, 10).proportion_ci(method="wilson")
    assert [float(value) for value in shown.split("\t")] == pytest.approx([0.3, interval.low, interval.high])
    assert hidden == "\\N\t\\N\t\\N"


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((0, 10), (0, 20), -0.1611, 0.2775),
    ],
)
def test_a_difference_has_the_bounds_that_newcombe_published(formula, evaluate, first, second, low, high):
    """Statistics in Medicine 1998; 17: 873–890, table II, method 10."""
    after, before = (formula.ratio("x1", "n1"), formula.ratio("x0", "n0"))
    columns, rows = "x1 UInt64, n1 UInt64, x0 UInt64, n0 UInt64", [(*first, *second)]
    figures = [
        evaluate(bound, columns, rows)[0]
        for bound in (
            formula.difference_low(after, formula.wilson_low("x1", "n1"), before, formula.wilson_high("x0", "n0")),
            formula.difference_high(after, formula.wilson_high("x1", "n1"), before, formula.wilson_low("x0", "n0")),
        )
    ]
    assert figures == pytest.approx([low, high], abs=6e-5)


def test_the_variance_of_a_standardised_mean_follows_the_pooled_spread(formula):
    """Two strata of three and two values, and one of a single value whose own spread is not known."""
    strata = [(3.0, [1.0, 2.0, 6.0]), (1.0, [4.0, 5.0]), (2.0, [7.0])]
    listed = ", ".join(f"({w}, {sum(v)}, {len(v)}, {sum(x * x for x in v)})" for w, v in strata)
    spread = sum(np.var(v) * len(v) for _, v in strata) / sum(len(v) - 1 for _, v in strata)
    expected = spread * sum(w * w / len(v) for w, v in strata) / sum(w for w, _ in strata) ** 2
    assert formula.value(formula.standardised_mean_variance(f"[{listed}]")) == pytest.approx(expected)
    assert formula.value(formula.standardised_mean_variance("[(1.0, 4.0, 1, 16.0)]")) is None


def test_standardised_ratio_and_variance_follow_the_textbook(formula, evaluate):
    strata = [(6.0, 3, 4), (3.0, 1, 10), (1.0, 0, 0)]
    literal = "[" + ", ".join(f"({w}, {d}, {n})" for w, d, n in strata) + "]"
    ratio = (6 * 0.75 + 3 * 0.1) / 9
    variance = (36 * 0.75 * 0.25 / 4 + 9 * 0.1 * 0.9 / 10) / 81
    assert evaluate(formula.standardised_ratio(literal), "x UInt8", [(1,)]) == pytest.approx([ratio])
    assert evaluate(formula.standardised_variance(literal), "x UInt8", [(1,)]) == pytest.approx([variance])
    ceiling = 81 / (36 / 4 + 9 / 10)
    size = formula.standardised_effective_size(str(ratio), str(variance), literal)
    assert evaluate(size, "x UInt8", [(1,)]) == pytest.approx([min(ratio * (1 - ratio) / variance, ceiling)])


def test_strata_without_spread_do_not_claim_certainty(formula, evaluate):
    size = formula.standardised_effective_size("1.0", "0.0", "[(1.0, 1, 1), (1.0, 1, 1)]")
    assert evaluate(size, "x UInt8", [(1,)]) == [2.0]


def test_standardising_over_no_stratum_is_null(formula, evaluate):
    for macro in (formula.standardised_ratio, formula.standardised_variance):
        assert evaluate(macro("[(1.0, 0, 0)]"), "x UInt8", [(1,)]) == [None]


@pytest.mark.parametrize("trials", [1, 5, 30, 31, 1_000, 100_000])
@pytest.mark.parametrize("probability", [1e-6, 0.003, 0.05, 0.5, 0.97])
def test_binomial_upper_tail_equals_scipy(formula, evaluate, trials, probability):
    mean, spread = trials * probability, math.sqrt(trials * probability * (1 - probability))
    places = {0, 1, trials} | {round(mean + step * spread) for step in (-3, -1, 0, 0.5, 1, 2, 3, 5, 8)}
    successes = sorted(k for k in places if 0 <= k <= trials)
    measured = evaluate(
        formula.binomial_upper_tail("k", "n", "p"),
        "k UInt64, n UInt64, p Float64",
        [(k, trials, probability) for k in successes],
    )
    expected = stats.binom.sf(np.array(successes) - 1, trials, probability)
    assert measured == pytest.approx(list(expected), rel=1e-6, abs=1e-300)


def test_binomial_upper_tail_at_the_edges(formula, evaluate):
    rows = [(0, 0, 0.5), (1, 0, 0.5), (1, 5, 0.0), (5, 5, 1.0), (6, 5, 1.0), (None, 5, 0.5), (1, 5, None)]
    columns = "k Nullable(UInt64), n Nullable(UInt64), p Nullable(Float64)"
    assert evaluate(formula.binomial_upper_tail("k", "n", "p"), columns, rows) == [1, 0, 0, 1, 0, None, None]


def test_poisson_interval_equals_the_chi_square_quantiles(formula, evaluate):
    observed = [0, 1, 2, 3, 7, 30, 250, 4_321, 100_000]
    rows = [(count,) for count in observed]
    low = [0.0] + [stats.chi2.ppf(0.025, 2 * count) / 2 for count in observed[1:]]
    high = [stats.chi2.ppf(0.975, 2 * count + 2) / 2 for count in observed]
    assert evaluate(formula.poisson_low("d"), "d UInt64", rows) == pytest.approx(low, rel=1e-9)
    assert evaluate(formula.poisson_high("d"), "d UInt64", rows) == pytest.approx(high, rel=1e-9)


def test_poisson_interval_of_null_is_null(formula, evaluate):
    assert evaluate(formula.poisson_low("d"), "d Nullable(UInt64)", [(None,), (3,)])[0] is None
    assert evaluate(formula.poisson_high("d"), "d Nullable(UInt64)", [(None,), (3,)])[0] is None


def test_median_rank_is_the_exact_binomial_one(formula, evaluate):
    sizes = [0, 1, 5, 6, 8, 9, 25, 100, 2_001, 100_000]
    expected = [int(stats.binom.ppf(0.025, n, 0.5)) if n else 0 for n in sizes]
    expected = [k if n and stats.binom.cdf(k, n, 0.5) > 0.025 else k + 1 for k, n in zip(expected, sizes, strict=True)]
    expected = [k if n else 0 for k, n in zip(expected, sizes, strict=True)]
    assert evaluate(formula.median_rank("n"), "n UInt64", [(n,) for n in sizes]) == expected


def test_median_interval_of_ten_values_runs_from_the_second_to_the_ninth(formula, evaluate):
    literal = "[1.0, 2, 3, 4, 5, 6, 7, 8, 9, 100]"
    assert evaluate(formula.median_low(literal), "x UInt8", [(1,)]) == [2]
    assert evaluate(formula.median_high(literal), "x UInt8", [(1,)]) == [9]
    assert evaluate(formula.median_low("[1.0, 2, 3, 4, 5]"), "x UInt8", [(1,)]) == [None]


def test_quantiles_interpolate_as_numpy_does(formula, evaluate):
    values = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    for level in (0, 0.25, 0.5, 0.75, 1):
        measured = evaluate(formula.sorted_quantile(str(values), str(level)), "x UInt8", [(1,)])
        assert measured == pytest.approx([np.quantile(values, level)])
    assert evaluate(formula.sorted_quantile("emptyArrayFloat64()", "0.5"), "x UInt8", [(1,)]) == [None]


def test_greenwood_bounds_follow_the_log_log_formula(formula, evaluate):
    at_risk, dropped = [100, 80, 50], [5, 16, 1]
    survival = np.cumprod([1 - d / n for d, n in zip(dropped, at_risk, strict=True)])
    terms = evaluate(formula.greenwood_term("d", "n"), "d UInt64, n UInt64", list(zip(dropped, at_risk, strict=True)))
    assert terms == pytest.approx([d / (n * (n - d)) for d, n in zip(dropped, at_risk, strict=True)])
    total = np.cumsum(terms)
    rows = [(float(s), float(v)) for s, v in zip(survival, total, strict=True)]
    error = stats.norm.ppf(0.975) * np.sqrt(total) / np.abs(np.log(survival))
    columns = "s Float64, v Float64"
    assert evaluate(formula.greenwood_low("s", "v"), columns, rows) == pytest.approx(survival ** np.exp(error))
    assert evaluate(formula.greenwood_high("s", "v"), columns, rows) == pytest.approx(survival ** np.exp(-error))


def test_greenwood_at_the_ends_of_a_curve(formula, evaluate):
    columns, rows = "s Nullable(Float64), v Nullable(Float64)", [(1.0, 0.0), (0.0, 0.1), (None, 0.1)]
    assert evaluate(formula.greenwood_low("s", "v"), columns, rows) == [1, 0, None]
    assert evaluate(formula.greenwood_high("s", "v"), columns, rows) == [1, None, None]
    assert evaluate(formula.greenwood_term("d", "n"), "d UInt64, n UInt64", [(3, 3), (0, 0)]) == [0, 0]


def test_q_values_equal_scipy_also_with_ties_and_untested_rows(formula):
    p_values = [0.001, 0.04, 0.04, 0.9, 0.0005, 0.03, 0.2]
    rows = ", ".join(f"({i}, {p})" for i, p in enumerate(p_values)) + ", (99, null)"
    select = formula.benjamini_hochberg("tests", "p", ["bin"])
    sql = f"""
        with tests as (select * from values('bin UInt64, p Nullable(Float64)', {rows}))
        select q_value from ({select}) order by bin
    """
    *measured, untested = formula.query(sql).splitlines()
    assert [float(q) for q in measured] == pytest.approx(list(stats.false_discovery_control(p_values)))
    assert untested == "\\N"


def test_each_family_of_tests_is_corrected_alone(formula):
    rows = "('a', 0.01), ('a', 0.02), ('b', 0.04)"
    select = formula.benjamini_hochberg("tests", "p", ["video_id"], ["video_id"])
    sql = f"""
        with tests as (select * from values('video_id String, p Float64', {rows}))
        select q_value from ({select}) order by video_id, p
    """
    assert [float(q) for q in formula.query(sql).splitlines()] == pytest.approx([0.02, 0.02, 0.04])


def test_running_survival_is_the_product_of_who_stayed(formula):
    """A bin with no learner at risk leaves the curve; after everybody at risk has left it stays at 0."""
    rows = "(1, 5, 100), (2, 0, 0), (3, 16, 80), (4, 10, 10), (5, 0, 4)"
    sql = f"""
        select {formula.running_survival("d", "n", "so_far")}
        from values('bin UInt64, d UInt64, n UInt64', {rows})
        window so_far as (order by bin rows between unbounded preceding and current row)
        order by bin
    """
    measured = [float(line) for line in formula.query(sql).splitlines()]
    assert measured == pytest.approx([0.95, 0.95, 0.95 * 0.8, 0, 0])


def test_every_metric_macro_is_described():
    """A formula without its words is a number that cannot be checked."""
    macros = {
        name
        for path in MACROS.glob("*.sql")
        for name in re.findall(r"{%-? *macro +(\w+)\(", path.read_text())
        if not name.startswith("_")
    }
    described = set(re.findall(r"{% docs (\w+) %}", (MACROS / "metrics.md").read_text()))
    listed = {entry["name"] for path in MACROS.glob("*.yml") for entry in yaml.safe_load(path.read_text())["macros"]}
    assert macros == described == listed
