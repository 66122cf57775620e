"""The side courses: what contacts are worth is in the draws, and nothing else is moved by them."""

import numpy as np
import pytest

from orchestration.simulate.campaign import identity
from orchestration.simulate.habits import habit_courses
from orchestration.simulate.leaving import activity_table
from orchestration.simulate.side_courses import PILOT_LEARNERS, SideCourse, side_courses
from orchestration.simulate.side_truth import side_truth

LEARNERS, DAYS = 20_000, 56
DEVIATIONS = 4.0


@pytest.fixture(scope="module")
def courses() -> list[SideCourse]:
    return side_courses(LEARNERS, DAYS, 3)


@pytest.fixture(scope="module")
def practice(courses: list[SideCourse]) -> SideCourse:
    return courses[1]


def test_writing_to_learners_keeps_as_many_more_as_planted(courses: list[SideCourse]):
    campaign = side_truth(courses, habit_courses(0, DAYS, 3)).campaign
    shares = (
        campaign.contacted_kept_count / campaign.contacted_count,
        campaign.held_out_kept_count / campaign.held_out_count,
    )
    error = np.sqrt(0.25 / campaign.contacted_count + 0.25 / campaign.held_out_count)
    assert campaign.planted_uplift > 0.2
    assert abs(shares[0] - shares[1] - campaign.planted_uplift) < 2 * error
    assert len(campaign.contacts) >= campaign.contacted_count + campaign.held_out_count > 1_000


def test_the_campaign_leaves_the_planted_retention_as_it_is(practice: SideCourse):
    people, campaign = practice.block.population, practice.campaign
    here = campaign.learners
    table = activity_table(8)[people.channel[here], people.is_in_community[here].astype(int)]
    planted = table[np.arange(len(here)), campaign.week - people.cohort_week[here], 0]
    active = practice.block.active[here, campaign.week]
    assert abs(active.sum() - planted.sum()) < DEVIATIONS * np.sqrt((planted * (1 - planted)).sum())


def test_who_takes_part_was_silent_in_the_week_before(practice: SideCourse):
    campaign, active = practice.campaign, practice.block.active
    assert not active[campaign.learners, campaign.week - 1].any()
    assert active[campaign.learners, campaign.week - 2].all()
    assert abs(campaign.is_contacted.mean() - 0.5) < 0.01


def test_no_side_course_can_be_completed_so_that_all_stay_at_risk(courses: list[SideCourse]):
    """Its last module has not opened: who has completed a course is not asked for churn."""
    for side in courses:
        assert len(side.block.told[-1].visits) == 0
        assert len(side.block.told[0].visits) > 0
    assert len(courses[0].block.population) == PILOT_LEARNERS


def test_small_programmes_have_none():
    assert side_courses(199, DAYS, 1) == side_courses(LEARNERS, 41, 1) == []
    assert side_truth([], []) is None


def test_a_learner_by_address_is_known_by_its_hash():
    digest = "cc836773eb30d4a3ecd08586b652ce98238549aa"
    assert identity('{"mbox":"mailto:a@b.example"}') == f"mbox_sha1sum|{digest}"
