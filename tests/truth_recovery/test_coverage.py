"""95 % intervals hold what was planted about 95 % of the time: not less, and not more without a reason.

A dozen small programmes as it stands; `-m coverage --seeds 200` is the measurement that the figures are quoted from.
"""

import pytest

from tests.truth_recovery.trials import SMALLEST_TAIL, Metric, coverage_table

pytestmark = [pytest.mark.slow, pytest.mark.coverage, pytest.mark.timeout(4 * 3600)]

CRUDE, ADJUSTED = (f"equal modules: difference of {kind} completion" for kind in ("crude", "standardised"))


@pytest.fixture(scope="module", autouse=True)
def table(metrics: dict[str, Metric], pytestconfig: pytest.Config) -> None:
    """Shows the table whatever the tests say."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n{coverage_table(list(metrics.values()))}")


def judged(metrics: dict[str, Metric]) -> list[Metric]:
    return [metric for metric in metrics.values() if metric.trials and not metric.is_biased]


def test_every_metric_is_published(metrics):
    assert [name for name, metric in metrics.items() if not metric.trials] == []


def test_every_interval_holds_its_estimate(metrics):
    outside = [
        (name, trial)
        for name, metric in metrics.items()
        for trial in metric.trials
        if not trial.low <= trial.estimate <= trial.high
    ]
    assert outside == []


def test_intervals_are_wide_enough(metrics):
    narrow = {metric.name: (metric.coverage, metric.upper_tail()) for metric in judged(metrics)}
    assert {name: figures for name, figures in narrow.items() if figures[1] < SMALLEST_TAIL} == {}


def test_intervals_are_no_wider_than_they_must_be(metrics):
    wide = {
        metric.name: (metric.coverage, metric.lower_tail()) for metric in judged(metrics) if not metric.wide_because
    }
    assert {name: figures for name, figures in wide.items() if figures[1] < SMALLEST_TAIL} == {}


def test_estimates_are_off_by_chance_only(metrics):
    biased = {metric.name: (metric.bias(), metric.bias_tail()) for metric in judged(metrics)}
    assert {name: figures for name, figures in biased.items() if figures[1] < SMALLEST_TAIL} == {}


def test_crude_comparison_misleads_and_the_adjusted_one_does_not(metrics):
    """Two modules of one quality: the crude difference of completion comes from who takes them."""
    crude, adjusted = metrics[CRUDE], metrics[ADJUSTED]
    assert crude.coverage < 0.8
    assert crude.bias_tail() < SMALLEST_TAIL
    assert abs(crude.mean_error) > 0.1
    assert abs(adjusted.mean_error) < abs(crude.mean_error) / 4
