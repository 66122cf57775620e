"""A visit, walked through: the units of a module in order, some skipped, left early by those who do not complete it."""

from dataclasses import dataclass, field

import numpy as np

from orchestration.simulate.assessment import Examinees, FirstAnswers, assess
from orchestration.simulate.catalogue import Catalogue, Module, Unit
from orchestration.simulate.learners import Population
from orchestration.simulate.statements import Fragments, Recorder
from orchestration.simulate.video import Viewing, Watched, watch
from orchestration.simulate.weeks import LONGEST_VISIT_SECONDS, NO_MODULE, Visits

LONGEST_PAGE_SECONDS = 600.0
# A break longer than the silence that ends a session; every other silence is far shorter.
BREAK_RATIO = 0.06
BREAK_SECONDS = (2400.0, 5400.0)
# Of those who do not complete a module, this share does everything up to the assessment and then never finishes.
ASSESSED_WITHOUT_COMPLETION_RATIO = 0.35


@dataclass
class ModuleVisits:
    """What the generator knows of the visits to one module."""

    module: Module
    visits: np.ndarray
    is_completed: np.ndarray
    ends_at: np.ndarray
    views: dict[str, tuple[np.ndarray, Watched]] = field(default_factory=dict)
    answers: list[tuple[np.ndarray, FirstAnswers]] = field(default_factory=list)


class Walk:
    """Takes all visits of one block through their modules."""

    def __init__(
        self, rng: np.random.Generator, recorder: Recorder, catalogue: Catalogue, population: Population, visits: Visits
    ) -> None:
        self.rng, self.recorder, self.catalogue = rng, recorder, catalogue
        self.population, self.visits = population, visits
        self.fragments = Fragments(catalogue)
        self.ends_at = visits.starts_at.copy()

    def take(self) -> list[ModuleVisits]:
        """Records every visit; the list has one entry per module of the catalogue."""
        clock = self._arrive()
        told = [
            self._visit_module(module, np.flatnonzero(self.visits.module == index), clock)
            for index, module in enumerate(self.catalogue.modules())
        ]
        self._look_in(np.flatnonzero(self.visits.module == NO_MODULE), clock)
        longest = (self.ends_at - self.visits.starts_at).max(initial=0.0)
        if longest > LONGEST_VISIT_SECONDS:
            raise ValueError(
                f"a visit lasts {longest:.0f} s, more than the {LONGEST_VISIT_SECONDS:.0f} s that weeks.py allows: "
                "it may reach into the next visit or week; shorten the units in courses.py"
            )
        return told

    def _arrive(self) -> np.ndarray:
        """`registered` at the learner's first visit, `launched` at each; returns the time after that."""
        clock = self.visits.starts_at.copy()
        course = self.population.course[self.visits.learner]
        for index, known in enumerate(self.catalogue.courses):
            first = np.flatnonzero((course == index) & self.visits.is_first)
            self.recorder.add(first, clock[first], self.fragments.course_bodies["registered", known.activity_id])
            clock[first] += self.rng.uniform(2.0, 20.0, len(first))
            writers = first[self.population.is_in_community[self.visits.learner[first]]]
            self.recorder.add(writers, clock[writers], self.fragments.comments[known.activity_id])
            clock[writers] += self.rng.uniform(20.0, 90.0, len(writers))
            everyone = np.flatnonzero(course == index)
            self.recorder.add(everyone, clock[everyone], self.fragments.course_bodies["launched", known.activity_id])
        clock += self.rng.uniform(1.0, 5.0, len(clock))
        self.ends_at = clock.copy()
        return clock

    def _look_in(self, visits: np.ndarray, clock: np.ndarray) -> None:
        """A visit without a module: one to three of the course's own pages."""
        now = clock[visits]
        course = self.population.course[self.visits.learner[visits]]
        pages = self.rng.integers(1, 4, len(visits))
        for order in range(3):
            for index, known in enumerate(self.catalogue.courses):
                here = np.flatnonzero((pages > order) & (course == index))
                body = self.fragments.pages[known.pages[order].activity_id]
                self.recorder.add(visits[here], now[here], body)
                self.ends_at[visits[here]] = now[here]
            now = now + np.clip(np.exp(self.rng.normal(3.8, 0.6, len(now))), 5.0, LONGEST_PAGE_SECONDS)

    def _stops(self, is_completed: np.ndarray, unit_count: int) -> np.ndarray:
        """How many units each visit goes through."""
        count = len(is_completed)
        early = self.rng.integers(1, unit_count, count)
        is_assessed = self.rng.random(count) < ASSESSED_WITHOUT_COMPLETION_RATIO
        return np.where(is_completed | is_assessed, unit_count, early)

    def _visit_module(self, module: Module, visits: np.ndarray, arrivals: np.ndarray) -> ModuleVisits:
        rng, count = self.rng, len(visits)
        is_completed = self.visits.is_completing[visits]
        told = ModuleVisits(module, visits, is_completed, arrivals[visits])
        clock = arrivals[visits]
        self.recorder.add(visits, clock.copy(), self.fragments.module("initialized", module))
        clock += rng.uniform(2.0, 6.0, count)
        stops = self._stops(is_completed, len(module.units))
        break_before = np.where(rng.random(count) < BREAK_RATIO, rng.integers(1, len(module.units), count), -1)
        covered: dict[str, np.ndarray] = {}
        for order, unit in enumerate(module.units):
            is_here = (stops > order) & (rng.random(count) >= unit.skip_ratio)
            clock += np.where(is_here & (break_before == order), rng.uniform(*BREAK_SECONDS, count), 0.0)
            here = np.flatnonzero(is_here)
            covered[unit.activity_id] = np.zeros(count, bool)
            clock[here], covered[unit.activity_id][here] = self._do(told, unit, here, clock[here], covered)
            clock[here] += rng.uniform(1.0, 6.0, len(here))
        self._leave(module, told, clock)
        return told

    def _do(
        self, told: ModuleVisits, unit: Unit, here: np.ndarray, clock: np.ndarray, covered: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """One unit for those who do it; returns when they are through, and whether they covered it."""
        visits = told.visits[here]
        learner = self.visits.learner[visits]
        pace = self.population.pace[learner]
        if unit.kind == "video":
            stays = self.population.is_test[learner]
            viewing = Viewing(visits, clock, self.population.rate[learner], self.visits.is_mobile[visits], stays)
            seen = watch(self.recorder, self.rng, told.module, unit, viewing)
            told.views[unit.activity_id] = (visits, seen)
            return seen.ends_at, seen.is_finished
        if unit.kind == "assessment":
            before = {unit_id: was_covered[here] for unit_id, was_covered in covered.items()}
            examinees = Examinees(visits, clock, self.population.ability[learner], pace, before)
            ends_at, answers = assess(self.recorder, self.rng, self.fragments, told.module, unit, examinees)
            told.answers.extend((visits, answer) for answer in answers)
            return ends_at, np.ones(len(here), bool)
        self.recorder.add(visits, clock, self.fragments.unit("viewed", told.module, unit))
        seconds = unit.expected_seconds * unit.pace * pace * np.exp(self.rng.normal(0.0, 0.3, len(here)))
        return clock + np.clip(seconds, 3.0, LONGEST_PAGE_SECONDS), np.ones(len(here), bool)

    def _leave(self, module: Module, told: ModuleVisits, clock: np.ndarray) -> None:
        """`completed` for those who complete the module, then (most of them) `terminated`."""
        completed = np.flatnonzero(told.is_completed)
        spent = np.round(clock - self.visits.starts_at[told.visits], 1)
        body = self.fragments.module("completed", module)
        bodies = [f'{body},"result":{{"completion":true,"duration":"PT{s}S"}}' for s in spent[completed].tolist()]
        self.recorder.add(told.visits[completed], clock[completed], bodies)
        clock[completed] += self.rng.uniform(0.5, 2.0, len(completed))
        leaves = np.flatnonzero(self.rng.random(len(clock)) < np.where(told.is_completed, 0.85, 0.4))
        body = self.fragments.module("terminated", module)
        bodies = [f'{body},"result":{{"duration":"PT{s}S"}}' for s in spent[leaves].tolist()]
        self.recorder.add(told.visits[leaves], clock[leaves], bodies)
        told.ends_at = clock
        self.ends_at[told.visits] = clock
