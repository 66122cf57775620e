"""Two small courses beside the large ones: a pilot with too few learners to judge, and one with contacts by lot.

They are simulated apart, with draws of their own: the large courses are the same with and without them.
"""

from dataclasses import dataclass

import numpy as np

from orchestration.simulate.block import Block, complete_block
from orchestration.simulate.campaign import Campaign, draw_campaign
from orchestration.simulate.catalogue import CAMPUS, Catalogue, Course, Unit, place_module
from orchestration.simulate.courses import course_pages, page
from orchestration.simulate.habits import HabitCourse, habit_courses
from orchestration.simulate.learners import draw_population
from orchestration.simulate.weeks import WEEK_DAYS, days_in_weeks, draw_active_weeks

PILOT_LEARNERS = 10
PRACTICE_SHARE = 3
"""One learner in the course with contacts for so many of the large courses."""
SMALLEST_PROGRAMME, SHORTEST_DAYS = 200, 42
"""Smaller or shorter programmes have no side courses: nothing could be read from them."""
PILOT_BLOCK, PRACTICE_BLOCK = 900, 901


@dataclass(frozen=True)
class SideCourse:
    """A course simulated apart, and what is planted in it."""

    catalogue: Catalogue
    block: Block
    block_number: int
    campaign: Campaign | None = None

    @property
    def course(self) -> Course:
        return self.catalogue.courses[0]


def side_courses(learners: int, days: int, seed: int) -> list[SideCourse]:
    """The side courses of a programme of that size; the numbers of their learners follow those of the programme."""
    if learners < SMALLEST_PROGRAMME or days < SHORTEST_DAYS:
        return []
    return [
        _pilot(learners, days, seed),
        _practice(learners + PILOT_LEARNERS, learners // PRACTICE_SHARE, days, seed),
    ]


def habits_of(learners: int, days: int, seed: int) -> list[HabitCourse]:
    """The courses of known habits; the numbers of their learners follow those of the side courses."""
    if learners < SMALLEST_PROGRAMME or days < SHORTEST_DAYS:
        return []
    return habit_courses(learners + PILOT_LEARNERS + learners // PRACTICE_SHARE, days, seed)


def _pilot(first: int, days: int, seed: int) -> SideCourse:
    catalogue = Catalogue((_course("pilot-seminar", "Pilot seminar"),))
    rng, weeks = np.random.default_rng([seed, PILOT_BLOCK]), len(days_in_weeks(days))
    people = draw_population(rng, first, PILOT_LEARNERS, weeks, catalogue)
    block = complete_block(rng, people, draw_active_weeks(rng, people, weeks), days, catalogue)
    return SideCourse(catalogue, block, PILOT_BLOCK)


def _practice(first: int, count: int, days: int, seed: int) -> SideCourse:
    """Learners of all cohorts, as in the large courses; who falls silent before the campaign takes part in it."""
    catalogue = Catalogue((_course("weekly-practice", "Weekly practice"),))
    rng, weeks = np.random.default_rng([seed, PRACTICE_BLOCK]), len(days_in_weeks(days))
    # The outcome needs two weeks, and a third because the newest days count as incomplete.
    week = days // WEEK_DAYS - 3
    people = draw_population(rng, first, count, weeks, catalogue)
    active, campaign = draw_campaign(rng, people, draw_active_weeks(rng, people, weeks), week)
    return SideCourse(catalogue, complete_block(rng, people, active, days, catalogue), PRACTICE_BLOCK, campaign)


def _course(name: str, title: str) -> Course:
    """Three short modules, and a last one that has not opened: who has done all that there is has not completed it."""
    course_id = f"{CAMPUS}/courses/{name}"

    def pages(topic: str) -> tuple[Unit, ...]:
        return (page(f"{topic}: read", 240), page(f"{topic}: try", 180))

    everyone, half, closed = (1.0,) * 4, (0.5,) * 4, (0.0,) * 4
    modules = (
        place_module(course_id, 1, f"{title}: first steps", pages("First steps"), everyone),
        place_module(course_id, 2, f"{title}: exercises", pages("Exercises"), half, is_elective=True),
        place_module(course_id, 3, f"{title}: examples", pages("Examples"), half, is_elective=True),
        place_module(course_id, 4, f"{title}: closing day", pages("Closing day"), closed),
    )
    return Course(course_id, title, modules, course_pages(course_id))
