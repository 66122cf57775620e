"""Completion, time and survival of every programme's modules and courses beside what was planted."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from statistics import fmean

from orchestration.simulate.plants import STARTED_ON
from orchestration.simulate.truth import ModuleTruth, Truth
from tests.truth_recovery.programmes import place_of, seed_of
from tests.truth_recovery.trials import Metric, Query, Row, Trial, difference_trial, median_miss, ratio_trial, trial

EQUAL_MODULES = ("equal_module_a", "equal_module_b")
STANDARDISED = "completion_ratio_standardised"
# Its Wilson interval never takes more learners than equal shares in all strata would stand for. Computed for these
# programmes by drawing: 96 % to 97 % for most modules, 98.6 % for the one that few of a large channel take.
CEILING = "effective size is held down, lest a stratum of one learner claims certainty"


class Module:
    """One module of one programme: its row of the mart, and its strata with the planted probability of each."""

    def __init__(self, row: Row, strata: list[Row], truth: ModuleTruth) -> None:
        self.row, self.plant = row, truth.plant
        ratios = {(stratum.channel, stratum.cohort_month): stratum.planted_ratio for stratum in truth.strata}
        self.strata = [
            (stratum, ratios[str(stratum["acquisition_channel"]), _months_after_start(stratum["cohort_month"])])
            for stratum in strata
        ]

    def crude(self) -> Trial:
        groups = [(int(stratum["reached_count"]), ratio) for stratum, ratio in self.strata]
        return ratio_trial(self.row, "completion_ratio", groups)

    def standardised(self) -> Trial:
        total = sum(stratum["standard_count"] for stratum, _ in self.strata)
        planted = sum(stratum["standard_count"] * ratio for stratum, ratio in self.strata) / total
        return trial(self.row, STANDARDISED, planted)

    def observed_expected(self, others: Sequence["Module"]) -> Trial:
        """Planted completions over what the planted ratios of all comparable modules give for the same learners."""
        reached, completed = defaultdict(float), defaultdict(float)
        for other in others:
            for stratum, ratio in other.strata:
                reached[_stratum_key(stratum)] += stratum["reached_count"]
                completed[_stratum_key(stratum)] += stratum["reached_count"] * ratio
        expected = sum(
            stratum["reached_count"] * completed[_stratum_key(stratum)] / reached[_stratum_key(stratum)]
            for stratum, _ in self.strata
        )
        own = sum(stratum["reached_count"] * ratio for stratum, ratio in self.strata)
        return trial(self.row, "observed_expected_ratio", own / expected)


def content_metrics(query: Query, truths: dict[int, Truth]) -> Iterator[Metric]:
    """Every module's completion, crude and adjusted; the two equal modules against each other."""
    courses = _modules(query, truths)
    modules = [module for course in courses for module in course]
    yield Metric("completion of a module, crude", [module.crude() for module in modules])
    comparable = [module for module in modules if module.row[STANDARDISED] is not None]
    yield Metric(
        "completion of a module, standardised", [module.standardised() for module in comparable], wide_because=CEILING
    )
    yield Metric(
        "completions of a module, observed / expected",
        [module.observed_expected(course) for course in courses for module in course],
        wide_because="completions are taken for Poisson counts, and are binomial",
    )
    pairs = [{module.plant: module for module in course} for course in courses]
    pairs = [tuple(pair[name] for name in EQUAL_MODULES) for pair in pairs if EQUAL_MODULES[0] in pair]
    yield Metric(
        "equal modules: difference of crude completion",
        [difference_trial(0.0, first.crude(), second.crude()) for first, second in pairs],
        is_biased=True,
    )
    both = [pair for pair in pairs if all(module in comparable for module in pair)]
    yield Metric(
        "equal modules: difference of standardised completion",
        [difference_trial(0.0, first.standardised(), second.standardised()) for first, second in both],
        wide_because=CEILING,
    )


def time_metrics(query: Query, truths: dict[int, Truth]) -> Iterator[Metric]:
    """Median time against expected, held against the mean of all programmes: no median is planted to the digit."""
    rows = query(
        "select unit_id, timed_count, median_time_ratio, median_time_ratio_low, median_time_ratio_high "
        "from kept.agg_content_effectiveness where unit_kind = 'module' and period = 'all' "
        "and isNotNull(median_time_ratio) order by unit_id"
    )
    metric = Metric("median time ratio of a module (against all programmes)")
    for group in _alike(rows, lambda row: place_of(row["unit_id"])):
        common = fmean(row["median_time_ratio"] for row in group)
        metric.trials += [
            trial(row, "median_time_ratio", common, median_miss(int(row["timed_count"]))) for row in group
        ]
    yield metric


def stay_metrics(query: Query, truths: dict[int, Truth]) -> Iterator[Metric]:
    """Survival in the first weeks, held against the mean of all programmes.

    Returns are planted week by week, so no learner ever leaves for good: no survival is planted to be derived.
    """
    rows = query(
        "select course_id, age_weeks, survival_ratio, survival_ratio_low, survival_ratio_high "
        "from kept.agg_cohort_survival where cohort_basis = 'enrolment' and cohort_month = 'all' "
        "and course_id != 'all' and acquisition_channel = 'all' and isNotNull(survival_ratio) "
        "and survival_ratio < 1 and age_weeks < 2 order by course_id, age_weeks"
    )
    for age in (0, 1):
        metric = Metric(f"survival of week {age} since enrolment (against all programmes)")
        chosen = [row for row in rows if row["age_weeks"] == age]
        for group in _alike(chosen, lambda row: place_of(row["course_id"])):
            common = fmean(row["survival_ratio"] for row in group)
            metric.trials += [trial(row, "survival_ratio", common) for row in group]
        yield metric


def _modules(query: Query, truths: dict[int, Truth]) -> list[list[Module]]:
    """The modules that the mart shows, course by course."""
    strata = defaultdict(list)
    for row in query(
        "select course_id, unit_id, acquisition_channel, cohort_month, reached_count, standard_count "
        "from kept.agg_unit_strata where period = 'all' order by course_id, unit_id, cohort_month, acquisition_channel"
    ):
        strata[row["course_id"], row["unit_id"]].append(row)
    planted = {module.module_id: module for truth in truths.values() for module in truth.modules}
    courses = defaultdict(list)
    for row in query(
        f"select course_id, unit_id, completion_ratio, completion_ratio_low, completion_ratio_high, {STANDARDISED}, "
        f"{STANDARDISED}_low, {STANDARDISED}_high, observed_expected_ratio, observed_expected_ratio_low, "
        "observed_expected_ratio_high from kept.agg_content_effectiveness "
        "where unit_kind = 'module' and period = 'all' and isNotNull(completion_ratio) order by course_id, unit_id"
    ):
        if seed_of(row["course_id"]) in truths:
            own = strata[row["course_id"], row["unit_id"]]
            courses[row["course_id"]].append(Module(row, own, planted[row["unit_id"]]))
    return list(courses.values())


def _alike(rows: list[Row], key: Callable[[Row], str]) -> list[list[Row]]:
    """Rows of the same part of every programme together."""
    groups = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return list(groups.values())


def _stratum_key(stratum: Row) -> tuple[str, str]:
    return str(stratum["acquisition_channel"]), str(stratum["cohort_month"])


def _months_after_start(month: date) -> int:
    return (month.year - STARTED_ON.year) * 12 + month.month - STARTED_ON.month
