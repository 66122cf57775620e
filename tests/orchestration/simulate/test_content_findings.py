"""Findings about modules, items and changes are missed by marts that are wrong about them."""

import pytest

from orchestration.simulate.truth import Truth
from tests.orchestration.simulate.true_marts import Marts, missed


def test_equal_modules_that_stay_apart_after_standardisation_are_missed(marts: Marts, truth: Truth) -> None:
    for row in marts["agg_content_effectiveness"]:
        if row["unit_id"] == truth.equal_modules.second_module_id:
            row |= {
                f"completion_ratio_standardised{end}": value
                for end, value in (("", 0.9), ("_low", 0.85), ("_high", 0.95))
            }
    (finding,) = missed(marts, truth)
    assert finding.high < 0


def test_a_standardised_ratio_that_is_null_is_missed_with_the_reason(marts: Marts, truth: Truth) -> None:
    for row in marts["agg_content_effectiveness"]:
        row |= {"completion_ratio_standardised": None, "comparable_reason": "low_support"}
    (finding,) = missed(marts, truth)
    assert finding.detail == "could not be measured: completion_ratio_standardised is NULL: low_support"


def test_a_wrong_verdict_and_a_false_accusation_are_missed(marts: Marts, truth: Truth) -> None:
    hard, first = truth.module("hard_module").module_id, truth.modules[0].module_id
    for row in marts["agg_content_effectiveness"]:
        row["verdict"] = {hard: "working", first: "losing"}.get(row["unit_id"], row["verdict"])
    questions = [finding.question for finding in missed(marts, truth)]
    assert questions == ["Verdict on 'Estimating effort'", "Other modules accused of something"]


def test_a_difference_outside_its_interval_is_missed(marts: Marts, truth: Truth) -> None:
    marts["agg_instructional_gaps"][0]["risk_difference_low"] = truth.items[0].planted_difference + 0.005
    assert [finding.question for finding in missed(marts, truth)] == [
        f"What covering its video first is worth for '{truth.items[0].title}'"
    ]


@pytest.mark.parametrize(("taught", "untaught"), [("does_not_teach",) * 2, ("teaches", "not_comparable")])
def test_a_taught_item_accused_or_the_untaught_one_let_go_is_missed(
    marts: Marts, truth: Truth, taught: str, untaught: str
) -> None:
    for row, verdict in zip(marts["agg_instructional_gaps"], (taught, untaught), strict=True):
        row["verdict"] = verdict
    assert [finding.question for finding in missed(marts, truth)] == [
        "The item that its unit does not teach, and no other"
    ]


def test_a_difference_that_is_null_is_missed_with_the_reason(marts: Marts, truth: Truth) -> None:
    marts["agg_instructional_gaps"][0] |= {"risk_difference": None, "verdict_reason": "few_uncovered"}
    (finding,) = missed(marts, truth)
    assert finding.detail == "not told: few_uncovered"


def test_an_item_without_its_unit_is_missed(marts: Marts, truth: Truth) -> None:
    del marts["agg_instructional_gaps"][0]
    (finding,) = missed(marts, truth)
    assert finding.detail == "its unit is not held against it"


@pytest.mark.parametrize("wrong", [{"verdict": "too_early"}, {"difference_high": -0.4}])
def test_a_fix_that_worked_is_missed_by_another_verdict_or_another_size(
    marts: Marts, truth: Truth, wrong: dict
) -> None:
    marts["agg_content_changes"][0] |= wrong
    assert [finding.question for finding in missed(marts, truth)] == [
        "Did the new cut of 'Averages: in practice' work: improved"
    ]


def test_praise_for_a_fix_that_changed_nothing_is_missed(marts: Marts, truth: Truth) -> None:
    marts["agg_content_changes"][1] |= {"verdict": "improved"}
    assert [finding.question for finding in missed(marts, truth)] == [
        "Did the new cut of 'First project: in practice' work: no difference seen"
    ]


def test_a_change_that_is_not_compared_is_missed_with_the_reason(marts: Marts, truth: Truth) -> None:
    del marts["agg_content_changes"][1]
    marts["agg_content_changes"][0] |= {"difference_low": None, "verdict_reason": "suppressed"}
    assert [finding.detail for finding in missed(marts, truth)] == [
        "could not be measured: difference_low is NULL: suppressed"
    ]
    marts["agg_content_changes"] = []
    assert {finding.detail for finding in missed(marts, truth)} == {"the change is not in the mart"}
