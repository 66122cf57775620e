"""Learners whose habits are known: they cram, skim, guess, and jump about, as planned here.

Two courses of their own, whose learners are enrolled nowhere: no planted retention speaks of them.

    Study habits  a module a week; a quarter of the learners does all but the first within three days, a quarter skims
                  each video (start, jump to nine tenths, stop near the end), a quarter answers within two seconds
    Field guide   pages only; from each page a reader goes to the next, past one, or one back
"""

from dataclasses import dataclass, replace

import numpy as np

from orchestration.simulate.block import Block, told_block
from orchestration.simulate.catalogue import CAMPUS, Catalogue, Course, Module, Unit, place_module
from orchestration.simulate.courses import course_pages, page, quiz, video
from orchestration.simulate.learners import Population, draw_population
from orchestration.simulate.statements import Fragments, Recorder
from orchestration.simulate.video import Player, Viewing, seek_to, stop_at
from orchestration.simulate.visits import ModuleVisits, Walk
from orchestration.simulate.weeks import DAY_SECONDS, NO_MODULE, WEEK_DAYS, Visits, days_in_weeks

STEADY, CRAMS, SKIMS, GUESSES = range(4)
LEARNERS_OF_A_KIND, READERS = 20, 50
MODULES, GUIDE_PAGES, MOVES = 5, 16, 8
GUESSING_PACE = 0.02
CRAM_DAYS_AND_HOURS = ((1, 8.0), (1, 16.0), (2, 9.0), (3, 9.0))
STEPS = {"forward": (1, 0.7), "skip": (2, 0.2), "back": (-1, 0.1)}
"""Step → how many pages ahead, and its probability."""
HABITS_BLOCK, GUIDE_BLOCK = 902, 903
EVERYONE = (1.0,) * 4


@dataclass(frozen=True)
class HabitCourse:
    """A course, its learners' statements, and what they are up to: the kind of each, or the steps taken."""

    catalogue: Catalogue
    block: Block
    block_number: int
    kinds: np.ndarray
    steps: dict[str, int]

    @property
    def course(self) -> Course:
        return self.catalogue.courses[0]


def habit_courses(first: int, days: int, seed: int) -> list[HabitCourse]:
    """Both courses; the numbers of their learners begin with `first`."""
    return [_study_habits(first, days, seed), _field_guide(first + 4 * LEARNERS_OF_A_KIND, days, seed)]


def _people(rng: np.random.Generator, first: int, count: int, days: int, catalogue: Catalogue) -> Population:
    """All are active, on the web, and real."""
    people = draw_population(rng, first, count, len(days_in_weeks(days)), catalogue)
    return replace(
        people,
        is_active=np.ones(count, bool),
        is_test=np.zeros(count, bool),
        is_in_community=np.zeros(count, bool),
        cohort_week=np.full(count, _newest_week(days) - MODULES + 1),
    )


def _newest_week(days: int) -> int:
    """The last week that is surely over: the newest days of the data count as incomplete."""
    return days // WEEK_DAYS - 2


def _active(learner: np.ndarray, starts_at: np.ndarray, count: int, days: int) -> np.ndarray:
    active = np.zeros((count, len(days_in_weeks(days))), bool)
    active[learner, (starts_at // (WEEK_DAYS * DAY_SECONDS)).astype(int)] = True
    return active


def _study_habits(first: int, days: int, seed: int) -> HabitCourse:
    rng = np.random.default_rng([seed, HABITS_BLOCK])
    catalogue = Catalogue((_habits_course(),))
    kinds = np.repeat([STEADY, CRAMS, SKIMS, GUESSES], LEARNERS_OF_A_KIND)
    people = _people(rng, first, len(kinds), days, catalogue)
    people = replace(people, pace=np.where(kinds == GUESSES, GUESSING_PACE, 1.0))
    starts = _starts(rng, kinds, _newest_week(days))
    count = len(kinds) * MODULES
    visits = Visits(
        learner=np.repeat(np.arange(len(kinds)), MODULES),
        module=np.tile(np.arange(MODULES), len(kinds)),
        starts_at=starts.ravel(),
        is_first=np.tile(np.arange(MODULES) == 0, len(kinds)),
        is_mobile=np.zeros(count, bool),
        is_completing=np.ones(count, bool),
    )
    recorder = Recorder()
    told = HabitWalk(rng, recorder, catalogue, people, visits, kinds == SKIMS).take()
    active = _active(visits.learner, visits.starts_at, len(kinds), days)
    block = told_block(rng, people, active, visits, told, recorder, days)
    return HabitCourse(catalogue, block, HABITS_BLOCK, kinds, {})


def _starts(rng: np.random.Generator, kinds: np.ndarray, newest: int) -> np.ndarray:
    """learner × module: a module a week up to the newest; crammers do all but the first in the week before it."""
    weeks = newest - MODULES + 1 + np.arange(MODULES)
    day = rng.integers(0, WEEK_DAYS - 1, (len(kinds), MODULES))
    hour = rng.uniform(8.0, 18.0, day.shape)
    steady = (WEEK_DAYS * weeks[None, :] + day) * DAY_SECONDS + hour * 3600
    crammed = steady.copy()
    for module, (cram_day, cram_hour) in enumerate(CRAM_DAYS_AND_HOURS, start=1):
        jitter = rng.uniform(0.0, 1.0, len(kinds))
        crammed[:, module] = (WEEK_DAYS * (newest - 1) + cram_day) * DAY_SECONDS + (cram_hour + jitter) * 3600
    return np.where((kinds == CRAMS)[:, None], crammed, steady)


def _habits_course() -> Course:
    course_id = f"{CAMPUS}/courses/study-habits"
    whole = {"skip_ratio": 0.0, "exit_ratio": 0.0}

    def units(number: int) -> tuple[Unit, ...]:
        topic = f"Study habits {number}"
        first, second = (video(f"{topic}: part {part}", 180.0, **whole) for part in (1, 2))
        return (first, second, quiz(f"{topic}: check"))

    modules = tuple(place_module(course_id, n, f"Study habits {n}", units(n), EVERYONE) for n in range(1, MODULES + 1))
    return Course(course_id, "Study habits", modules, course_pages(course_id))


class HabitWalk(Walk):
    """A walk on which some skim every video."""

    def __init__(self, rng, recorder, catalogue, population, visits, is_skimmer: np.ndarray) -> None:
        super().__init__(rng, recorder, catalogue, population, visits)
        self.is_skimmer = is_skimmer

    def _do(
        self, told: ModuleVisits, unit: Unit, here: np.ndarray, clock: np.ndarray, covered: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        skims = self.is_skimmer[self.visits.learner[told.visits[here]]] & (unit.kind == "video")
        ends_at, is_covered = clock.copy(), np.zeros(len(here), bool)
        ends_at[~skims], is_covered[~skims] = super()._do(told, unit, here[~skims], clock[~skims], covered)
        if skims.any():
            ends_at[skims] = self._skim(told.module, unit, told.visits[here[skims]], clock[skims])
        return ends_at, is_covered

    def _skim(self, module: Module, unit: Unit, visits: np.ndarray, clock: np.ndarray) -> np.ndarray:
        """Eight seconds of the beginning, and some of the last tenth; returns when it is over."""
        count = len(visits)
        everyone, ones = np.ones(count, bool), np.ones(count)
        viewing = Viewing(visits, clock, ones, np.zeros(count, bool), np.zeros(count, bool))
        player = Player(self.recorder, self.rng, module, unit, viewing)
        player.report("initialized", everyone, [""] * count)
        player.wait(everyone, ones)
        player.report("played", everyone, player.times(everyone), player.speeds(everyone))
        player.advance(everyone, 8.0 * ones)
        seek_to(player, everyone, 0.9 * unit.length_seconds * ones)
        player.advance(everyone, 0.97 * unit.length_seconds * ones)
        stop_at(player, everyone)
        return player.clock


def _field_guide(first: int, days: int, seed: int) -> HabitCourse:
    rng = np.random.default_rng([seed, GUIDE_BLOCK])
    course_id = f"{CAMPUS}/courses/field-guide"
    pages = tuple(page(f"Field guide, page {number}", 120) for number in range(1, GUIDE_PAGES + 1))
    module = place_module(course_id, 1, "Field guide", pages, EVERYONE)
    catalogue = Catalogue((Course(course_id, "Field guide", (module,), course_pages(course_id)),))
    people = _people(rng, first, READERS, days, catalogue)
    newest = _newest_week(days)
    weeks = np.tile([newest - 1, newest], READERS)
    count = len(weeks)
    visits = Visits(
        learner=np.repeat(np.arange(READERS), 2),
        module=np.full(count, NO_MODULE),
        starts_at=(WEEK_DAYS * weeks + rng.integers(0, WEEK_DAYS - 1, count)) * DAY_SECONDS
        + rng.uniform(8.0, 18.0, count) * 3600,
        is_first=np.tile([True, False], READERS),
        is_mobile=np.zeros(count, bool),
        is_completing=np.zeros(count, bool),
    )
    recorder = Recorder()
    steps = _read(rng, recorder, Fragments(catalogue), module, visits)
    active = _active(visits.learner, visits.starts_at, READERS, days)
    block = told_block(rng, people, active, visits, [], recorder, days)
    return HabitCourse(catalogue, block, GUIDE_BLOCK, np.zeros(0, int), steps)


def _read(
    rng: np.random.Generator, recorder: Recorder, fragments: Fragments, module: Module, visits: Visits
) -> dict[str, int]:
    """Each visit begins on the second page and moves while all steps are open; returns how often each was taken."""
    bodies = np.array([fragments.unit("viewed", module, unit) for unit in module.units], dtype=object)
    place, clock = np.ones(len(visits), int), visits.starts_at.copy()
    counts = dict.fromkeys(STEPS, 0)
    going = np.arange(len(visits))
    recorder.add(going, clock.copy(), bodies[place].tolist())
    for _ in range(MOVES):
        going = going[(place[going] >= 1) & (place[going] < len(module.units) - 2)]
        chosen = rng.choice(len(STEPS), len(going), p=[chance for _, chance in STEPS.values()])
        ahead = np.array([pages for pages, _ in STEPS.values()])[chosen]
        place[going] += ahead
        clock[going] += rng.uniform(20.0, 90.0, len(going))
        recorder.add(going, clock[going], bodies[place[going]].tolist())
        for number, name in enumerate(STEPS):
            counts[name] += int((chosen == number).sum())
    return counts
