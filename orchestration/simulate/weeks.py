"""When people learn: active weeks drawn by the planted retention, and a place in them for every module reached."""

from dataclasses import dataclass

import numpy as np

from orchestration.simulate import draws
from orchestration.simulate.catalogue import Catalogue
from orchestration.simulate.learners import Population
from orchestration.simulate.leaving import activity_table
from orchestration.simulate.plants import CHANNELS, completion_probability

DAY_SECONDS = 86_400
WEEK_DAYS = 7
# Two half-days per day; a visit lasts at most LONGEST_VISIT_SECONDS, so that visits of a learner never overlap.
HALVES_PER_DAY = 2
MOST_VISITS_PER_WEEK = 4
LONGEST_VISIT_SECONDS = 4.5 * 3600
MORNING_HOURS = (6.5, 11.0)
EVENING_HOURS = (15.7, 22.2)
# On the last day of a week the visit must end before midnight, or it would be activity in a week that was not drawn.
LAST_EVENING_HOURS = (15.7, 19.2)
NO_MODULE = -1


@dataclass
class Visits:
    """One row per visit: a learner spends one sitting on one module (or looks in on the course, NO_MODULE)."""

    learner: np.ndarray
    module: np.ndarray
    starts_at: np.ndarray
    is_first: np.ndarray
    is_mobile: np.ndarray
    is_completing: np.ndarray

    def __len__(self) -> int:
        return len(self.learner)


def days_in_weeks(days: int) -> np.ndarray:
    """Simulated days of each ISO week: 7, and what is left in the last one."""
    weeks = -(-days // WEEK_DAYS)
    return np.minimum(WEEK_DAYS, days - WEEK_DAYS * np.arange(weeks))


def draw_active_weeks(rng: np.random.Generator, population: Population, weeks: int) -> np.ndarray:
    """learner × week: active or not. The first week is active by definition, later ones by the planted table."""
    age = np.arange(weeks)[None, :] - population.cohort_week[:, None]
    tables = activity_table(weeks)[population.channel, population.is_in_community.astype(int)]
    drawn = rng.random((len(population), weeks))
    active = np.zeros((len(population), weeks), bool)
    before = np.ones(len(population), bool)
    for week in range(weeks):
        probability = tables[np.arange(len(population)), np.maximum(age[:, week], 0), before.astype(int)]
        active[:, week] = (drawn[:, week] < probability) & (age[:, week] >= 0)
        before = active[:, week] | (age[:, week] < 0)
    return active & population.is_active[:, None]


def draw_reached(rng: np.random.Generator, population: Population, catalogue: Catalogue) -> np.ndarray:
    """learner × module of the catalogue: reached, if there is time for it. Electives depend on the channel only."""
    modules = catalogue.modules()
    reached = np.zeros((len(population), len(modules)), bool)
    chances = rng.random(reached.shape)
    for course_index, course in enumerate(catalogue.courses):
        in_chain = population.is_active & (population.course == course_index)
        for module in course.modules:
            column = next(i for i, known in enumerate(modules) if known.activity_id == module.activity_id)
            reached[:, column] = in_chain & (chances[:, column] < np.array(module.reach)[population.channel])
            if not module.is_elective:
                in_chain = reached[:, column]
    return reached


def _place_modules(reached: np.ndarray, capacity: np.ndarray) -> tuple[np.ndarray, ...]:
    """Gives each learner's modules, in order, the next free places of their active weeks.

    Returns learner, module, week and the visit's order within the week. Modules beyond the room are not reached. A week
    is filled whatever comes after it: spread over all weeks, the first would tell how many there will be.
    """
    room_before = np.cumsum(capacity, axis=1) - capacity
    room = capacity.sum(axis=1)
    rank = np.cumsum(reached, axis=1) - 1
    count = np.minimum(reached.sum(axis=1), room)
    learner, module = np.nonzero(reached & (rank < count[:, None]))
    position = rank[learner, module]
    fits = (room_before[learner] <= position[:, None]) & (position[:, None] < (room_before + capacity)[learner])
    week = fits.argmax(axis=1)
    return learner, module, week, position - room_before[learner, week]


def _draw_starts(rng: np.random.Generator, count: int, week_days: np.ndarray) -> np.ndarray:
    """learner × week × visit order: start in seconds since the first day, in distinct half-days, ascending."""
    weeks = len(week_days)
    keys = rng.random((count, weeks, WEEK_DAYS * HALVES_PER_DAY))
    keys[:, np.arange(WEEK_DAYS * HALVES_PER_DAY)[None, :] >= (week_days * HALVES_PER_DAY)[:, None]] = 2.0
    half_day = np.sort(np.argsort(keys, axis=2)[:, :, :MOST_VISITS_PER_WEEK], axis=2)
    day, is_evening = half_day // HALVES_PER_DAY, half_day % HALVES_PER_DAY == 1
    is_last_day = day >= (week_days - 1)[None, :, None]
    earliest = np.where(is_evening, EVENING_HOURS[0], MORNING_HOURS[0])
    latest = np.where(is_evening, np.where(is_last_day, LAST_EVENING_HOURS[1], EVENING_HOURS[1]), MORNING_HOURS[1])
    hour = earliest + rng.random(half_day.shape) * (latest - earliest)
    first_day = WEEK_DAYS * np.arange(weeks)[None, :, None]
    return (first_day + day) * DAY_SECONDS + hour * 3600


def draw_visits(
    rng: np.random.Generator,
    population: Population,
    catalogue: Catalogue,
    active: np.ndarray,
    days: int,
    month_of_day: np.ndarray,
) -> Visits:
    """All visits of a block: every active week has one, no other week has any."""
    week_days = days_in_weeks(days)
    capacity = active * np.minimum(MOST_VISITS_PER_WEEK, HALVES_PER_DAY * week_days)[None, :]
    learner, module, week, order = _place_modules(draw_reached(rng, population, catalogue), capacity)
    is_empty = active.copy()
    is_empty[learner, week] = False
    idle_learner, idle_week = np.nonzero(is_empty)
    learner = np.concatenate((learner, idle_learner))
    module = np.concatenate((module, np.full(len(idle_learner), NO_MODULE)))
    week = np.concatenate((week, idle_week))
    order = np.concatenate((order, np.zeros(len(idle_learner), order.dtype)))
    starts_at = _draw_starts(rng, len(population), week_days)[learner, week, order]

    first_start = np.full(len(population), np.inf)
    np.minimum.at(first_start, learner, starts_at)
    months = month_of_day[(np.where(np.isfinite(first_start), first_start, 0) // DAY_SECONDS).astype(int)]
    shift = np.array([known.completion_shift for known in catalogue.modules()] + [0.0])[module]
    probability = completion_probability(population.channel[learner], months[learner], shift)
    is_test = population.is_test[learner]
    stratum = ((module * 2 + is_test) * len(CHANNELS) + population.channel[learner]) * (1 + months.max()) + months[
        learner
    ]
    is_completing = draws.balanced_draw(rng, np.where(is_test, 1.0, probability), stratum)
    return Visits(
        learner=learner,
        module=module,
        starts_at=starts_at,
        is_first=starts_at == first_start[learner],
        is_mobile=rng.random(len(learner)) < population.mobile_share[learner],
        is_completing=is_completing & (module != NO_MODULE),
    )
