"""From the draws of all blocks to the truth: adds up what happened and says it in sentences."""

from datetime import timedelta

import numpy as np

from orchestration.simulate.block import Block, months_of_days
from orchestration.simulate.catalogue import Catalogue, Module
from orchestration.simulate.content_changes import recut_truths
from orchestration.simulate.leaving import leaving_table, unbounded_retention
from orchestration.simulate.plants import (
    CHANNELS,
    NEVER_ACTIVE_RATIO,
    STARTED_ON,
    completion_probability,
)
from orchestration.simulate.truth import (
    Counts,
    EqualModulesTruth,
    ItemTruth,
    LeaveTruth,
    ModuleTruth,
    RetentionCell,
    StratumTruth,
    Truth,
)
from orchestration.simulate.visits import ModuleVisits
from orchestration.simulate.weeks import DAY_SECONDS, WEEK_DAYS, days_in_weeks

# The widest bin that the spot may fall into on either side of it (2 s at 600 s length).
LEAVE_REACH_SECONDS = 2.0


def _strata(module: Module, months: int) -> list[StratumTruth]:
    return [
        StratumTruth(
            channel.name,
            month,
            round(float(completion_probability(np.array([i]), np.array([month]), module.completion_shift)[0]), 4),
        )
        for month in range(months)
        for i, channel in enumerate(CHANNELS)
    ]


def _time_ratio(module: Module) -> float:
    """Typical time of a learner who skips nothing that is not usually skipped, as a multiple of the expected time."""
    typical = sum(unit.expected_seconds * unit.pace * (1 - unit.skip_ratio) for unit in module.units)
    return round(typical / module.expected_seconds, 2)


class Tally:
    """Adds up block after block."""

    def __init__(self, catalogue: Catalogue, learners: int, days: int, seed: int) -> None:
        self.catalogue, self.learners, self.days, self.seed = catalogue, learners, days, seed
        self.weeks = len(days_in_weeks(days))
        self.counts = Counts()
        names = {activity_id: plant for plant, activity_id in catalogue.plants.items()}
        months = int(months_of_days(days).max()) + 1
        self.modules = [
            ModuleTruth(
                module.activity_id,
                module.title,
                names.get(module.activity_id, ""),
                planted_time_ratio=_time_ratio(module),
                strata=_strata(module, months),
            )
            for module in catalogue.modules()
        ]
        units = {unit.activity_id: unit for module in catalogue.modules() for unit in module.units}
        video = units[catalogue.plants["leave_video"]]
        self.leave = LeaveTruth(
            video.activity_id,
            video.title,
            video.leave_at_seconds,
            video.leave_at_seconds - LEAVE_REACH_SECONDS,
            video.leave_at_seconds + LEAVE_REACH_SECONDS,
            video.leave_ratio,
        )
        questions = {question.activity_id: question for unit in units.values() for question in unit.questions}
        self.items = [
            ItemTruth(item.activity_id, item.taught_by, item.title, item.taught_effect)
            for item in (questions[catalogue.plants[name]] for name in ("taught_item", "untaught_item"))
        ]
        shape = (len(CHANNELS), self.weeks, self.weeks)
        self.enrolled = np.zeros(shape[:2], int)
        self.started = np.zeros(shape[:2], int)
        self.bounded, self.unbounded = np.zeros(shape, int), np.zeros(shape, int)

    def add(self, block: Block) -> None:
        """Adds the draws of one block. Test learners count as learners and in events, not in the planted ratios."""
        population = block.population
        self.add_people(block)
        first_start = np.full(len(population), np.inf)
        np.minimum.at(first_start, block.visits.learner, block.visits.starts_at)
        days = np.where(np.isfinite(first_start), first_start, 0) // DAY_SECONDS
        month = months_of_days(self.days)[days.astype(int)]
        for truth, told in zip(self.modules, block.told, strict=True):
            self._add_module(block, truth, told, month)

    def add_people(self, block: Block) -> None:
        """Adds what is counted over all courses: learners, events, sessions and retention."""
        self.counts.learners_enrolled += len(block.population)
        self.counts.learners_test += int(block.population.is_test.sum())
        self.add_events(block)
        self._add_retention(block)

    def add_events(self, block: Block) -> None:
        """Adds what learners did who are enrolled nowhere: they are in no channel and in no planted retention."""
        self.counts.learners_active += int(block.population.is_active.sum())
        self.counts.events += len(block.table)
        self.counts.assumed_utc += block.table.assumed_utc_count()
        self.counts.sessions += block.table.session_count()

    def _add_module(self, block: Block, truth: ModuleTruth, told: ModuleVisits, month: np.ndarray) -> None:
        learner = block.visits.learner[told.visits]
        counted = ~block.population.is_test[learner]
        channel, completed = block.population.channel[learner], told.is_completed & counted
        truth.reached_count += int(counted.sum())
        truth.completed_count += int(completed.sum())
        for stratum in truth.strata:
            index = next(i for i, known in enumerate(CHANNELS) if known.name == stratum.channel)
            here = (channel == index) & (month[learner] == stratum.cohort_month)
            stratum.reached_count += int((here & counted).sum())
            stratum.completed_count += int((here & completed).sum())
        for visits, answer in told.answers:
            is_counted = ~block.population.is_test[block.visits.learner[visits]]
            truth.first_answer_count += int(is_counted.sum())
            truth.first_correct_count += int((answer.is_correct & is_counted).sum())
            for item in self.items:
                if item.item_id == answer.question.activity_id:
                    covered, correct = answer.was_covered & is_counted, answer.is_correct & is_counted
                    item.covered_count += int(covered.sum())
                    item.covered_correct_count += int((covered & correct).sum())
                    item.uncovered_count += int((is_counted & ~covered).sum())
                    item.uncovered_correct_count += int((correct & ~covered).sum())
        if self.leave.video_id in told.views:
            visits, seen = told.views[self.leave.video_id]
            is_counted = ~block.population.is_test[block.visits.learner[visits]]
            self.leave.started_count += int(is_counted.sum())
            self.leave.left_count += int((seen.is_leaver & is_counted).sum())
            self.leave.watched_seconds += float(np.round(seen.watched_seconds * 1000).sum() / 1000)

    def _add_retention(self, block: Block) -> None:
        population = block.population
        counted = ~population.is_test
        np.add.at(self.enrolled, (population.channel[counted], population.cohort_week[counted]), 1)
        counted = counted & population.is_active
        channel, cohort = population.channel[counted], population.cohort_week[counted]
        np.add.at(self.started, (channel, cohort), 1)
        for age in range(self.weeks):
            has_week = cohort + age < self.weeks
            rows, week = block.active[counted][has_week], (cohort + age)[has_week]
            is_active = rows[np.arange(len(rows)), week]
            later = np.arange(self.weeks)[None, :] >= week[:, None]
            np.add.at(self.bounded[:, :, age], (channel[has_week], cohort[has_week]), is_active)
            np.add.at(self.unbounded[:, :, age], (channel[has_week], cohort[has_week]), (rows & later).any(axis=1))

    def _retention_cells(self) -> list[RetentionCell]:
        cells = []
        unbounded = unbounded_retention(self.weeks)
        for i, channel in enumerate(CHANNELS):
            for cohort in range(self.weeks):
                for age in range(self.weeks - cohort if self.enrolled[i, cohort] else 0):
                    planted = {
                        "bounded": (channel.active_probability(age), self.bounded),
                        "unbounded": (float(unbounded[i, age, self.weeks - 1 - cohort]), self.unbounded),
                    }
                    for definition, (ratio, active) in planted.items():
                        cells += self._both_bases(i, cohort, age, definition, ratio, int(active[i, cohort, age]))
        return cells

    def _both_bases(
        self, i: int, cohort: int, age: int, definition: str, ratio: float, active: int
    ) -> list[RetentionCell]:
        week = (STARTED_ON + timedelta(days=WEEK_DAYS * cohort)).isoformat()
        bases = (
            ("first_activity", self.started, ratio),
            ("enrolment", self.enrolled, ratio * (1 - NEVER_ACTIVE_RATIO)),
        )
        return [
            RetentionCell(
                basis, week, CHANNELS[i].name, age, definition, round(planted, 6), int(size[i, cohort]), active
            )
            for basis, size, planted in bases
            if size[i, cohort]
        ]

    def truth(self) -> Truth:
        """The whole truth, to be called when every block has been added."""
        months = {stratum.cohort_month for module in self.modules for stratum in module.strata if stratum.reached_count}
        for module in self.modules:
            module.strata = [stratum for stratum in module.strata if stratum.cohort_month in months]
        first, second = (next(m for m in self.modules if m.plant == f"equal_module_{x}") for x in ("a", "b"))
        equal = EqualModulesTruth(
            first.module_id,
            second.module_id,
            crude_first=round(first.completed_count / max(first.reached_count, 1), 4),
            crude_second=round(second.completed_count / max(second.reached_count, 1), 4),
        )
        ended_on = STARTED_ON + timedelta(days=self.days - 1)
        truth = Truth(
            self.learners,
            self.days,
            self.seed,
            STARTED_ON.isoformat(),
            ended_on.isoformat(),
            self.counts,
            self.leave,
            self.modules,
            equal,
            self.items,
            self._retention_cells(),
            np.round(leaving_table(self.weeks), 6).tolist(),
            recut_truths(self.catalogue),
        )
        _say(truth)
        return truth


def _say(truth: Truth) -> None:
    """Each plant in one plain sentence."""
    counts, leave, equal = truth.counts, truth.leave_video, truth.equal_modules
    counts.sentence = (
        f"{counts.lines:,} lines hold {counts.events:,} events; {counts.rejected_lines:,} lines are no statements, "
        f"{counts.quarantined_statements:,} statements lack a fact or come from the future, {counts.duplicates:,} are "
        f"repeats, {counts.voided:,} are voided."
    )
    leave.sentence = (
        f"'{leave.title}' loses {leave.planted_ratio:.0%} of all who start it at "
        f"{int(leave.at_seconds) // 60}:{int(leave.at_seconds) % 60:02d}; they never watch on."
    )
    equal.sentence = (
        "The two case studies are equally good for learners of one channel and cohort; only who takes them differs "
        f"(crude completion {equal.crude_first:.0%} and {equal.crude_second:.0%})."
    )
    for item, word in zip(truth.items, ("teaches", "does not teach"), strict=True):
        item.sentence = (
            f"The video before '{item.title}' {word} it: covering it first changes the chance of a right first answer "
            f"by {item.planted_difference:+.2f}."
        )
    said = {
        "hard_module": "'{}' is hard but good: few complete it, those assessed do well.",
        "losing_module": "'{}' loses people: few complete it, those assessed do badly.",
        "dense_module": "'{}' takes about {:.1f} times the expected time.",
        "rushed_module": "'{}' is rushed through in about {:.2f} of the expected time.",
    }
    for plant, sentence in said.items():
        module = truth.module(plant)
        truth.sentences[plant] = sentence.format(module.title, module.planted_time_ratio)
    truth.sentences |= {"counts": counts.sentence, "leave_video": leave.sentence, "equal_modules": equal.sentence}
    truth.sentences |= {"taught_item": truth.items[0].sentence, "untaught_item": truth.items[1].sentence}
    truth.sentences |= {"recut_video": truth.recuts[0].sentence, "idle_recut_video": truth.recuts[1].sentence}
    truth.sentences["retention"] = "Each channel comes back with its own probability in each week after the first."
    truth.sentences["leaving"] = (
        "Who writes to others in the first week stays longer, and who came last week comes again; nothing else matters "
        "but the channel and the weeks since the start."
    )
