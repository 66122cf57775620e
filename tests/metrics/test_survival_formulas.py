"""Survival with competing endings and trends: the macros against statsmodels, SciPy and the textbooks."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

CLOSE = 1e-9
WINDOWS = """
    window so_far as (order by week rows between unbounded preceding and current row),
           before as (order by week rows between unbounded preceding and 1 preceding)
"""


def random_endings(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole weeks (many ties) and causes, 0 for censored; who is censored in a week was at risk in it."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(20, 400))
    return rng.integers(1, 15, size), rng.choice(4, size, p=(0.3, 0.4, 0.2, 0.1))


def life_table(weeks: np.ndarray, causes: np.ndarray) -> list[tuple[int, ...]]:
    """week, at risk, and the endings of each cause."""
    return [
        (week, int((weeks >= week).sum()), *(int(((weeks == week) & (causes == c)).sum()) for c in (1, 2, 3)))
        for week in range(1, int(weeks.max()) + 1)
    ]


def curve(formula, table: list[tuple[int, ...]]) -> np.ndarray:
    """Survival and, for each cause, incidence, variance and bounds: one row per week."""
    steps = [
        formula.aalen_johansen_incidence(f"d{c}", "d", "n", "survival", "survival_before", "so_far") for c in (1, 2, 3)
    ]
    variances = [
        formula.aalen_johansen_variance(f"i{c}", f"d{c}", "d", "n", "survival_before", "so_far") for c in (1, 2, 3)
    ]
    bounds = ", ".join(
        f"{formula.aalen_johansen_low(f'i{c}', f'v{c}', 'n')}, {formula.aalen_johansen_high(f'i{c}', f'v{c}', 'n')}"
        for c in (1, 2, 3)
    )
    return formula.rows(f"""
        with
            counts as (select *, d1 + d2 + d3 as d from values('week UInt64, n UInt64, d1 UInt64, d2 UInt64, d3 UInt64',
                {", ".join(map(str, table))})),
            curves as (select *, {formula.running_survival("d", "n", "so_far")} as survival,
                {formula.running_survival("d", "n", "before")} as survival_before from counts {WINDOWS}),
            incidences as (select *, {", ".join(f"{s} as i{c}" for c, s in enumerate(steps, 1))}
                from curves {WINDOWS}),
            variances as (select *, {", ".join(f"{v} as v{c}" for c, v in enumerate(variances, 1))}
                from incidences {WINDOWS})
        select survival, i1, i2, i3, v1, v2, v3, {bounds} from variances order by week
    """)


@pytest.mark.parametrize("seed", range(20))
def test_incidences_and_their_errors_equal_statsmodels_with_ties(formula, seed):
    weeks, causes = random_endings(seed)
    measured = curve(formula, life_table(weeks, causes))
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = CumIncidenceRight(weeks, causes)
    at = expected.times.astype(int) - 1
    assert set(np.unique(causes)) == {0, 1, 2, 3}
    for cause in range(3):
        assert measured[at, 1 + cause] == pytest.approx(expected.cinc[cause], abs=CLOSE)
        known = np.isfinite(expected.cinc_se[cause])
        assert known.sum() >= len(at) - 1
        assert measured[at[known], 4 + cause] == pytest.approx(expected.cinc_se[cause][known] ** 2, abs=CLOSE)


@pytest.mark.parametrize("seed", range(20))
def test_incidences_and_survival_share_out_everybody(formula, seed):
    measured = curve(formula, life_table(*random_endings(seed)))
    assert measured[:, :4].sum(axis=1) == pytest.approx(np.ones(len(measured)), abs=CLOSE)


def test_one_cause_alone_is_one_minus_kaplan_meier_and_has_greenwoods_error(formula):
    weeks, causes = random_endings(3)
    is_over = (causes > 0).astype(int)
    measured = curve(formula, life_table(weeks, is_over))
    expected = SurvfuncRight(weeks, is_over)
    at = expected.surv_times.astype(int) - 1
    assert 1 - measured[at, 1] == pytest.approx(expected.surv_prob, abs=CLOSE)
    known = np.isfinite(expected.surv_prob_se) & (expected.surv_prob > 0)
    assert measured[at[known], 4] == pytest.approx(expected.surv_prob_se[known] ** 2, abs=CLOSE)


def test_bounds_are_the_log_log_ones_and_wilsons_where_the_variance_is_nothing(formula):
    table = [(1, 40, 0, 4, 0), (2, 36, 6, 0, 0), (3, 30, 0, 0, 0)]
    measured = curve(formula, table)
    incidence, variance = measured[1, 1], measured[1, 4]
    error = stats.norm.ppf(0.975) * np.sqrt(variance) / (incidence * abs(np.log(incidence)))
    assert measured[1, 7:9] == pytest.approx([incidence ** np.exp(error), incidence ** np.exp(-error)], abs=CLOSE)
    none_of_forty = stats.binomtest(0, 40).proportion_ci(method="wilson")
    assert measured[0, 7:9] == pytest.approx([none_of_forty.low, none_of_forty.high], abs=CLOSE)
    assert (measured[:, 7::2] <= measured[:, 1:4] + CLOSE).all()
    assert (measured[:, 8::2] >= measured[:, 1:4] - CLOSE).all()


def test_when_everybody_has_left_the_variance_stays_finite(formula):
    measured = curve(formula, [(1, 10, 3, 2, 0), (2, 5, 4, 1, 0), (3, 0, 0, 0, 0)])
    assert measured[1:, 0].tolist() == [0, 0]
    assert np.isfinite(measured[:, 4:7]).all()
    # No learner is censored, so that the incidence is a plain share of ten learners: its variance is p (1 − p) / n.
    assert measured[2, 4] == pytest.approx(0.7 * 0.3 / 10, abs=CLOSE)


def test_ten_learners_who_all_leave_by_one_cause_are_one_whole(formula):
    """Two, seven and one in three weeks added up to 1.0000000000000002."""
    measured = curve(formula, [(1, 10, 2, 0, 0), (2, 8, 7, 0, 0), (3, 1, 1, 0, 0)])
    assert measured[-1, :4].tolist() == [0, 1, 0, 0]


def arrays(table: list[tuple[int, ...]]) -> dict[str, str]:
    """The columns of a life table, with its curves by plain products, as array literals."""
    at_risk, endings = [row[1] for row in table], [sum(row[2:]) for row in table]
    survivals = np.cumprod([1 - d / n for d, n in zip(endings, at_risk, strict=True)])
    before = np.concatenate(([1.0], survivals[:-1]))
    incidences = np.cumsum([s * row[2] / n for s, row, n in zip(before, table, at_risk, strict=True)])
    columns = {"n": at_risk, "d": endings, "c": [row[2] for row in table]}
    curves = {"survivals": survivals, "before": before, "incidences": incidences}
    return {name: str(values) for name, values in columns.items()} | {
        name: str([float(v) for v in values]) for name, values in curves.items()
    }


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("horizon", [1, 4, 8])
def test_the_restricted_mean_and_its_error_follow_the_textbook(formula, seed, horizon):
    weeks, causes = random_endings(seed)
    table = [row for row in life_table(weeks, causes) if row[0] <= horizon]
    columns = arrays(table)
    reference = SurvfuncRight(weeks, (causes > 0).astype(int))
    steps = [(0.0, 1.0), *zip(reference.surv_times, reference.surv_prob, strict=True)]
    height = [[s for t, s in steps if t <= week][-1] for week in range(1, horizon + 1)]
    assert formula.value(formula.restricted_mean(columns["survivals"])) == pytest.approx(sum(height), abs=CLOSE)
    variance = sum(
        sum(height[week - 1 :]) ** 2 * sum(ends) / (at_risk * (at_risk - sum(ends))) for week, at_risk, *ends in table
    )
    measured = formula.value(formula.restricted_mean_variance(columns["survivals"], columns["d"], columns["n"]))
    assert measured == pytest.approx(variance, abs=CLOSE)


@pytest.mark.parametrize("seed", range(10))
def test_the_error_of_lost_time_is_the_delta_method_over_all_hazards(formula, seed):
    """The formula against a numerical derivative of the lost time by every hazard, with multinomial variances."""
    table = [row for row in life_table(*random_endings(seed)) if row[0] <= 8]
    at_risk = np.array([row[1] for row in table], float)
    hazards = np.array([[row[2], sum(row[3:])] for row in table], float) / at_risk[:, None]

    def lost(rates: np.ndarray) -> float:
        before = np.concatenate(([1.0], np.cumprod(1 - rates.sum(axis=1))[:-1]))
        return float(np.cumsum(before * rates[:, 0]).sum())

    step, variance = 1e-6, 0.0
    for week in range(len(table)):
        slopes = np.zeros(2)
        for cause in range(2):
            shift = np.zeros_like(hazards)
            shift[week, cause] = step
            slopes[cause] = (lost(hazards + shift) - lost(hazards - shift)) / (2 * step)
        spread = (np.diag(hazards[week]) - np.outer(hazards[week], hazards[week])) / at_risk[week]
        variance += slopes @ spread @ slopes
    columns = arrays(table)
    sql = formula.restricted_mean_lost_variance(*(columns[key] for key in ("incidences", "c", "d", "n", "before")))
    assert formula.value(sql) == pytest.approx(variance, abs=1e-8)
    assert formula.value(formula.restricted_mean_lost(columns["incidences"])) == pytest.approx(lost(hazards), abs=CLOSE)


def test_without_censoring_both_means_are_those_of_plain_data(formula):
    """Ten learners, all followed: the mean of min(weeks, 4) and its error are the sample's own."""
    weeks = np.array([1, 1, 2, 3, 4, 4, 5, 6, 7, 9])
    columns = arrays([row for row in life_table(weeks, np.ones(10, int)) if row[0] <= 4])
    capped = np.minimum(weeks, 5) - 1
    assert formula.value(formula.restricted_mean(columns["survivals"])) == pytest.approx(capped.mean(), abs=CLOSE)
    measured = formula.value(formula.restricted_mean_variance(columns["survivals"], columns["d"], columns["n"]))
    assert measured == pytest.approx(capped.var() / 10, abs=CLOSE)
    sql = formula.restricted_mean_lost_variance(*(columns[key] for key in ("incidences", "c", "d", "n", "before")))
    assert formula.value(sql) == pytest.approx(capped.var() / 10, abs=CLOSE)


def test_bounds_of_a_mean_stay_within_what_it_can_be(formula):
    columns = "values('m Nullable(Float64), e Nullable(Float64)', (0.1, 0.2), (4, 0.5), (7.9, 0.2), (null, null))"
    sql = f"select {formula.mean_low('m', 'e', 0, 8)}, {formula.mean_high('m', 'e', 0, 8)} from {columns}"
    measured, z = formula.rows(sql), stats.norm.ppf(0.975)
    expected = [[0, 0.1 + z * 0.2], [4 - z * 0.5, 4 + z * 0.5], [7.9 - z * 0.2, 8], [np.nan, np.nan]]
    assert measured == pytest.approx(np.array(expected), abs=CLOSE, nan_ok=True)


@pytest.mark.parametrize("size", [4, 10, 30, 60])
def test_a_slope_and_its_interval_equal_scipy(formula, size):
    rng = np.random.default_rng(size)
    for right_ratio in (0.2, 0.5, 0.9):
        answers = (rng.random(size) < right_ratio).astype(int)
        fitted = stats.linregress(np.arange(1, size + 1), answers)
        reach = stats.t.ppf(0.975, size - 2) * fitted.stderr
        literal = str(answers.tolist())
        assert formula.value(formula.slope(literal, size)) == pytest.approx(fitted.slope, abs=CLOSE)
        assert formula.value(formula.slope_low(literal, size)) == pytest.approx(fitted.slope - reach, abs=CLOSE)
        assert formula.value(formula.slope_high(literal, size)) == pytest.approx(fitted.slope + reach, abs=CLOSE)


def test_a_slope_over_another_number_of_values_is_null(formula):
    for macro in (formula.slope, formula.slope_low, formula.slope_high):
        assert formula.value(macro("[0, 1, 1]", 4)) is None


def test_quantiles_of_students_t_equal_scipy(formula):
    quantiles = [float(formula.student_quantile_975(degrees)) for degrees in range(2, 60, 2)]
    assert quantiles == pytest.approx([stats.t.ppf(0.975, degrees) for degrees in range(2, 60, 2)], abs=CLOSE)
    assert all(wide > narrow for wide, narrow in pairwise(quantiles))
