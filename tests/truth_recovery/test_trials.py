"""The measuring itself: a wrong interval must be noticed, a right one must not be."""

import gzip

import numpy as np
import pytest
from scipy.stats import binomtest

from tests.truth_recovery.programmes import move, place_of, seed_of, simulate_programme
from tests.truth_recovery.trials import (
    SMALLEST_TAIL,
    Metric,
    Trial,
    coverage_table,
    difference_trial,
    median_miss,
    ratio_trial,
    wilson,
    wilson_miss,
)

SIZE, PLANTED, TRIALS = 60, 0.3, 400


def metric_of(stretch: float = 1.0, shift: float = 0.0) -> Metric:
    """Wilson intervals of drawn counts, made wider or narrower by a factor, and moved."""
    rng = np.random.default_rng(5)
    metric = Metric("drawn")
    for successes in rng.binomial(SIZE, PLANTED, TRIALS):
        low, high = (float(bound) for bound in wilson(successes, SIZE))
        share = successes / SIZE
        bounds = (share + shift + stretch * (bound - share) for bound in (low, high))
        metric.trials.append(Trial(PLANTED, share + shift, *bounds, wilson_miss([(SIZE, PLANTED)])))
    return metric


def test_right_intervals_pass():
    metric = metric_of()
    assert min(metric.upper_tail(), metric.lower_tail(), metric.bias_tail()) > 0.01


@pytest.mark.parametrize("stretch", [0.8, 0.5])
def test_narrow_intervals_are_noticed(stretch):
    assert metric_of(stretch).upper_tail() < SMALLEST_TAIL


@pytest.mark.parametrize("stretch", [1.5, 2.0])
def test_wide_intervals_are_noticed(stretch):
    assert metric_of(stretch).lower_tail() < SMALLEST_TAIL


def test_a_shift_is_noticed_although_the_intervals_nearly_always_hold():
    metric = metric_of(shift=0.02)
    assert metric.coverage > 0.9
    assert metric.bias_tail() < SMALLEST_TAIL


def test_wilson_equals_scipy():
    for successes, size in ((0, 12), (3, 10), (150, 500), (40, 40)):
        expected = binomtest(successes, size).proportion_ci(method="wilson")
        assert wilson(successes, size) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_miss_is_what_drawing_finds():
    rng = np.random.default_rng(3)
    low, high = wilson(rng.binomial(10, 0.8, 200_000), 10)
    assert wilson_miss([(10, 0.8)]) == pytest.approx(((low > 0.8) | (high < 0.8)).mean(), abs=0.002)


def test_wilson_misses_less_where_groups_differ():
    """Half at 0.1 and half at 0.9 scatter less than all at 0.5, which the interval takes them for."""
    assert wilson_miss([(50, 0.1), (50, 0.9)]) < 0.005 < 0.04 < wilson_miss([(100, 0.5)])


def test_median_misses_at_most_five_percent():
    """Of six values the extremes miss the median when all lie on one side of it: 2 / 64."""
    assert median_miss(6) == pytest.approx(2 / 64)
    assert all(0 < median_miss(count) <= 0.05 for count in range(6, 30))
    assert all(0.02 < median_miss(count) <= 0.05 for count in range(30, 300))


def test_planted_value_of_several_groups_is_their_mean():
    row = {"share": 0.5, "share_low": 0.4, "share_high": 0.6}
    assert ratio_trial(row, "share", [(30, 0.2), (10, 0.6)]).planted == pytest.approx(0.3)


def test_difference_adds_the_reaches_of_each_side():
    """0.5 − 0.3 reaches down by √(0.04² + 0.03²) = 0.05 and up by √(0.12² + 0.05²) = 0.13."""
    trial = difference_trial(0.0, Trial(0, 0.5, 0.46, 0.62), Trial(0, 0.3, 0.25, 0.33))
    assert (trial.estimate, trial.low, trial.high) == pytest.approx((0.2, 0.15, 0.33))


def test_table_names_what_was_not_published():
    assert "no interval was published" in coverage_table([Metric("nothing")])
    assert "95.2%" in coverage_table([Metric("all but one", [Trial(0, 0, -1, 1)] * 20 + [Trial(0, 2, 1, 3)])])


@pytest.fixture(scope="module")
def pair():
    return simulate_programme(1, 40, 14), simulate_programme(2, 40, 14)


def test_programmes_share_no_learner_course_or_statement(pair):
    texts = [
        b"".join(gzip.decompress(body) if key.endswith("gz") else body for key, body in programme.drops.items())
        for programme in pair
    ]
    for text, own, other in ((texts[0], b"0001", b"0002"), (texts[1], b"0002", b"0001")):
        assert b"campus.example.org" not in text
        assert b"mail.example.org" not in text.replace(b"lrs@mail.example.org", b"").replace(b"damaged@mail", b"")
        assert b"campus-" + own + b".example" in text
        assert b"-" + other + b".example" not in text
    ids = [set(_statement_ids(text)) for text in texts]
    assert all(ids)
    assert not ids[0] & ids[1]


def test_truth_speaks_of_the_programme(pair):
    leave = pair[1].truth.leave_video.video_id
    assert (seed_of(leave), place_of(leave)) == (2, place_of(pair[0].truth.leave_video.video_id))


def test_hashed_addresses_move_with_their_learners():
    """SHA-1 of mailto:learner0000003@mail.example.org and of the same at the programme's host."""
    old, new = b"a" * 40, b"b" * 40
    line = b'{"mbox_sha1sum":"%b"} mailto:learner0000003@mail.example.org' % old
    assert move(line, 7, {old: new}) == b'{"mbox_sha1sum":"%b"} mailto:learner0000003@mail-0007.example' % new


def test_ids_of_no_programme_are_refused():
    with pytest.raises(ValueError, match="belongs to no simulated programme"):
        seed_of("https://elsewhere.example/courses/1")


def _statement_ids(text: bytes) -> list[bytes]:
    return [line[7:43] for line in text.splitlines() if line.startswith(b'{"id":"')]
