"""One block of learners, simulated whole: who they are, when they came, what they did, and the statements of it."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from orchestration.simulate.catalogue import Catalogue
from orchestration.simulate.identifiers import DAY_MILLISECONDS, random_uuids, timestamps
from orchestration.simulate.learners import ZONE_NONE, ZONE_UTC, Population, draw_population
from orchestration.simulate.plants import STARTED_ON
from orchestration.simulate.statements import (
    MOBILE_TAILS,
    WEB_TAIL_END,
    WEB_TAIL_START,
    ZONE_OFFSET_MILLISECONDS,
    Recorder,
    render_lines,
)
from orchestration.simulate.visits import ModuleVisits, Walk
from orchestration.simulate.weeks import Visits, days_in_weeks, draw_active_weeks, draw_visits

STARTED_AT_MILLISECONDS = (STARTED_ON - date(1970, 1, 1)).days * DAY_MILLISECONDS
LONGEST_STORING_MILLISECONDS = 2_500
SESSION_GAP_MILLISECONDS = 30 * 60 * 1000


@dataclass
class StatementTable:
    """All true statements of a block in columns; the text is made when a file is written."""

    population: Population
    visits: Visits
    visit: np.ndarray
    milliseconds: np.ndarray
    bodies: list[str]
    ids: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def learner(self) -> np.ndarray:
        return self.visits.learner[self.visit]

    @property
    def is_mobile(self) -> np.ndarray:
        return self.visits.is_mobile[self.visit]

    @property
    def zone(self) -> np.ndarray:
        return np.where(self.is_mobile, self.population.mobile_zone[self.learner], ZONE_UTC)

    @property
    def day(self) -> np.ndarray:
        """Days since the first day, UTC."""
        return (self.milliseconds - STARTED_AT_MILLISECONDS) // DAY_MILLISECONDS

    def assumed_utc_count(self) -> int:
        return int((self.zone == ZONE_NONE).sum())

    def session_count(self) -> int:
        """Sessions by the definition of the marts: no silence of a player reaches the gap, so only silences count."""
        order = np.lexsort((self.milliseconds, self.learner))
        is_new_learner = np.diff(self.learner[order]) != 0
        is_silence = np.diff(self.milliseconds[order]) > SESSION_GAP_MILLISECONDS
        return int((is_new_learner | is_silence).sum()) + 1 if len(order) else 0

    def render(self, rng: np.random.Generator, chosen: np.ndarray, storing_delay: int = 0) -> list[str]:
        """The lines of the chosen statements; what the web sends is stored a moment (and a delay) after it happened."""
        visit, milliseconds = self.visit[chosen], self.milliseconds[chosen]
        learner, is_mobile = self.visits.learner[visit], self.visits.is_mobile[visit]
        zone = np.where(is_mobile, self.population.mobile_zone[learner], ZONE_UTC)
        stored = milliseconds + storing_delay + rng.integers(50, LONGEST_STORING_MILLISECONDS, len(chosen))
        stored_stamps = iter(timestamps(stored[~is_mobile]))
        rows = chosen.tolist()
        return render_lines(
            [self.ids[i] for i in rows],
            [self.population.heads[i] for i in (2 * learner + is_mobile).tolist()],
            [self.bodies[i] for i in rows],
            timestamps(milliseconds + np.array(ZONE_OFFSET_MILLISECONDS)[zone]),
            [
                MOBILE_TAILS[code] if device else f"{WEB_TAIL_START}{next(stored_stamps)}{WEB_TAIL_END}"
                for device, code in zip(is_mobile.tolist(), zone.tolist(), strict=True)
            ],
        )


@dataclass
class Block:
    """What one block knows: the draws behind the truth, and the statements."""

    population: Population
    active: np.ndarray
    visits: Visits
    told: list[ModuleVisits]
    table: StatementTable
    enrolled_at_milliseconds: np.ndarray


def months_of_days(days: int) -> np.ndarray:
    months = [(STARTED_ON + timedelta(days=day)) for day in range(days + 1)]
    return np.array([(day.year - STARTED_ON.year) * 12 + day.month - STARTED_ON.month for day in months])


def _draw_enrolments(rng: np.random.Generator, population: Population, visits: Visits, days: int) -> np.ndarray:
    """Enrolled up to two days before the first visit, in the same week and month: both cohort bases agree.

    Who never comes enrolled at any time of the cohort's week.
    """
    count = len(population)
    week_start = population.cohort_week * 7.0 * 86_400
    week_seconds = days_in_weeks(days)[population.cohort_week] * 86_400.0
    enrolled = week_start + rng.random(count) * (week_seconds - 1)
    first = np.flatnonzero(visits.is_first)
    learner, starts_at = visits.learner[first], visits.starts_at[first]
    months = months_of_days(days)
    month_start = np.array([np.flatnonzero(months == month)[0] for month in months]) * 86_400.0
    earliest = np.maximum(week_start[learner], month_start[(starts_at // 86_400).astype(int)])
    # Two in three enrol and begin at once: then the enrolment is the moment of the `registered` statement.
    waited = np.where(rng.random(len(first)) < 0.67, 0.0, rng.random(len(first)))
    enrolled[learner] = starts_at - waited * np.minimum(starts_at - earliest, 2 * 86_400)
    return STARTED_AT_MILLISECONDS + np.round(enrolled * 1000).astype(np.int64)


def simulate_block(
    seed: int, block_number: int, first_learner: int, count: int, days: int, catalogue: Catalogue
) -> Block:
    """Simulates `count` learners; the same arguments give the same block."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, block_number]))
    weeks = len(days_in_weeks(days))
    population = draw_population(rng, first_learner, count, weeks, catalogue)
    return complete_block(rng, population, draw_active_weeks(rng, population, weeks), days, catalogue)


def complete_block(
    rng: np.random.Generator, population: Population, active: np.ndarray, days: int, catalogue: Catalogue
) -> Block:
    """The block of these learners and their active weeks."""
    visits = draw_visits(rng, population, catalogue, active, days, months_of_days(days))
    recorder = Recorder()
    told = Walk(rng, recorder, catalogue, population, visits).take()
    return told_block(rng, population, active, visits, told, recorder, days)


def told_block(
    rng: np.random.Generator,
    population: Population,
    active: np.ndarray,
    visits: Visits,
    told: list[ModuleVisits],
    recorder: Recorder,
    days: int,
) -> Block:
    """The block of visits that were recorded."""
    visit, milliseconds, bodies = recorder.columns()
    table = StatementTable(
        population, visits, visit, milliseconds + STARTED_AT_MILLISECONDS, bodies, random_uuids(rng, len(bodies))
    )
    return Block(population, active, visits, told, table, _draw_enrolments(rng, population, visits, days))
