"""The plants must be in the data: what was drawn agrees with what was planted, within what chance allows."""

import math

import numpy as np
import pytest

from orchestration.simulate.block import Block, simulate_block
from orchestration.simulate.courses import build_catalogue
from orchestration.simulate.leaving import unbounded_retention
from orchestration.simulate.plants import CHANNELS, recut_day
from orchestration.simulate.tally import Tally
from orchestration.simulate.truth import ModuleTruth, Truth

LEARNERS, DAYS, SEED = 3_000, 56, 11
# Two-sided tail of one draw in a test of many: a planted ratio that is really wrong is much further away.
DEVIATIONS = 4.0


@pytest.fixture(scope="module")
def block() -> Block:
    return simulate_block(SEED, 0, 0, LEARNERS, DAYS, build_catalogue())


@pytest.fixture(scope="module")
def large(block: Block) -> Truth:
    tally = Tally(build_catalogue(), LEARNERS, DAYS, SEED)
    tally.add(block)
    return tally.truth()


def assert_drawn(successes: int, trials: int, probability: float) -> None:
    spread = math.sqrt(trials * probability * (1 - probability))
    assert abs(successes - trials * probability) <= DEVIATIONS * spread + 1e-9, (successes, trials, probability)


def wilson(successes: int, trials: int) -> tuple[float, float]:
    z, p = 1.96, successes / trials
    middle = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    reach = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials**2)) / (1 + z * z / trials)
    return middle - reach, middle + reach


def test_sixty_percent_of_the_starters_leave_the_video_at_four_minutes(large: Truth) -> None:
    leave = large.leave_video
    assert (leave.planted_ratio, leave.at_seconds) == (0.6, 240.0)
    assert leave.started_count > 1000
    assert_drawn(leave.left_count, leave.started_count, 0.6)


def test_leavers_stop_within_two_bins_of_the_spot_and_never_watch_on(block: Block) -> None:
    video_id = build_catalogue().plants["leave_video"]
    visits, seen = next(told.views[video_id] for told in block.told if video_id in told.views)
    learner = block.visits.learner[visits]
    assert len(np.unique(learner)) == len(learner), "each learner sees the video once"
    assert not seen.is_tab_closed.any()
    assert not seen.is_queued.any()
    assert not (seen.is_leaver & seen.is_finished).any()


@pytest.mark.parametrize(("plant", "before", "after"), [("recut_video", 0.35, 0), ("idle_recut_video", 0.12, 0.12)])
def test_a_new_cut_changes_who_leaves_from_its_day_on(block: Block, plant: str, before: float, after: float) -> None:
    video_id = build_catalogue(DAYS).plants[plant]
    visits, seen = next(told.views[video_id] for told in block.told if video_id in told.views)
    is_counted = ~block.population.is_test[block.visits.learner[visits]]
    is_after = block.visits.starts_at[visits] >= recut_day(DAYS) * 86_400
    for group, planted in ((~is_after & is_counted, before), (is_after & is_counted, after)):
        assert_drawn(int(seen.is_leaver[group].sum()), int(group.sum()), planted)


def test_leavers_had_the_time_to_come_back(block: Block) -> None:
    visits, _ = block.told[0].views[build_catalogue().plants["leave_video"]]
    assert block.visits.starts_at[visits].max() < (DAYS - 4) * 86_400


def test_equal_modules_have_one_quality_in_every_stratum(large: Truth) -> None:
    first, second = large.module("equal_module_a"), large.module("equal_module_b")
    assert [s.planted_ratio for s in first.strata] == [s.planted_ratio for s in second.strata]
    for stratum in (*first.strata, *second.strata):
        assert stratum.reached_count >= 10, stratum
        assert_drawn(stratum.completed_count, stratum.reached_count, stratum.planted_ratio)


def test_equal_modules_look_unequal_before_standardisation(large: Truth) -> None:
    first, second = large.module("equal_module_a"), large.module("equal_module_b")
    assert (
        wilson(first.completed_count, first.reached_count)[1] < wilson(second.completed_count, second.reached_count)[0]
    )


def standardised(module: ModuleTruth, weights: dict[tuple[str, int], int]) -> tuple[float, float]:
    total, ratio, variance = sum(weights.values()), 0.0, 0.0
    for stratum in module.strata:
        weight = weights[stratum.channel, stratum.cohort_month] / total
        p = stratum.completed_count / stratum.reached_count
        ratio += weight * p
        variance += weight**2 * p * (1 - p) / stratum.reached_count
    return ratio, variance


def test_equal_modules_are_equal_after_standardisation(large: Truth) -> None:
    everybody = {(s.channel, s.cohort_month): s.reached_count for s in large.modules[0].strata}
    first, first_variance = standardised(large.module("equal_module_a"), everybody)
    second, second_variance = standardised(large.module("equal_module_b"), everybody)
    assert abs(first - second) < 1.96 * math.sqrt(first_variance + second_variance)


def test_hard_and_losing_modules_lose_alike_and_differ_in_what_was_learnt(large: Truth) -> None:
    hard, losing = large.module("hard_module"), large.module("losing_module")
    others = [module for module in large.modules if module not in (hard, losing)]
    highest = max(module.completed_count / module.reached_count for module in (hard, losing))
    lowest = min(module.completed_count / module.reached_count for module in others)
    assert highest < 0.4
    assert lowest > 0.55
    assert hard.first_correct_count / hard.first_answer_count > 0.78
    assert losing.first_correct_count / losing.first_answer_count < 0.35


def test_dense_and_rushed_modules_take_what_was_planted(block: Block, large: Truth) -> None:
    for plant, low, high in (("dense_module", 3.3, 6.0), ("rushed_module", 0.1, 0.3), ("equal_module_a", 0.7, 1.4)):
        index = next(i for i, module in enumerate(large.modules) if module.plant == plant)
        told = block.told[index]
        spent = (told.ends_at - block.visits.starts_at[told.visits])[told.is_completed]
        ratio = np.median(spent) / told.module.expected_seconds
        assert low < ratio < high, plant
        assert abs(ratio - large.modules[index].planted_time_ratio) < 0.15 * ratio + 0.05, plant


def test_the_taught_item_gains_from_its_unit_and_the_other_does_not(large: Truth) -> None:
    taught, untaught = large.items
    assert taught.planted_difference > 0.3
    assert untaught.planted_difference == 0
    for item in large.items:
        shares = (item.covered_correct_count / item.covered_count, item.uncovered_correct_count / item.uncovered_count)
        error = math.sqrt(
            sum(p * (1 - p) / n for p, n in zip(shares, (item.covered_count, item.uncovered_count), strict=True))
        )
        assert abs(shares[0] - shares[1] - item.planted_difference) < DEVIATIONS * error
        assert item.uncovered_count > 100


def test_retention_is_drawn_with_the_planted_probabilities(large: Truth) -> None:
    assert len(large.retention) > 300
    for cell in large.retention:
        assert_drawn(cell.active_count, cell.cohort_size, cell.planted_ratio)


def test_unbounded_retention_falls_to_the_bounded_one_in_the_last_week() -> None:
    for channel, table in zip(CHANNELS, unbounded_retention(8), strict=True):
        ratios = table[:, 7].tolist()
        assert ratios == sorted(ratios, reverse=True)
        assert ratios[7] == pytest.approx(channel.active_probability(7))


def test_a_learner_has_events_in_a_week_exactly_when_the_week_was_drawn(block: Block) -> None:
    seen = np.zeros_like(block.active)
    seen[block.table.learner, block.table.day // 7] = True
    assert (seen == block.active).all()


@pytest.mark.parametrize("days", [14, 17, 22, 56])
def test_visits_of_a_learner_never_overlap_and_end_in_time(days: int) -> None:
    block = simulate_block(5, 0, 0, 300, days, build_catalogue())
    order = np.lexsort((block.table.milliseconds, block.table.learner))
    learner, visit = block.table.learner[order], block.table.visit[order]
    changes = int((np.diff(visit) != 0).sum())
    assert changes == len(np.unique(visit)) - 1, "statements of two visits are interleaved"
    assert len(np.unique(learner)) == int(block.population.is_active.sum())
    assert block.table.day.max() < days


def test_test_learners_count_in_no_planted_ratio(block: Block, large: Truth) -> None:
    week_zero = [
        c for c in large.retention if c.cohort_basis == "enrolment" and c.age_weeks == 0 and c.definition == "bounded"
    ]
    assert sum(cell.cohort_size for cell in week_zero) == LEARNERS - large.counts.learners_test
    assert large.counts.learners_test == int(block.population.is_test.sum()) > 0
