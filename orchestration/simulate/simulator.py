"""`simulate`: learners with known truth, written as the drops of a lake."""

import argparse
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from orchestration.drop_kinds import DROP_KINDS
from orchestration.simulate.block import Block, simulate_block
from orchestration.simulate.catalogue import Catalogue, catalogue_lines
from orchestration.simulate.content_changes import change_lines
from orchestration.simulate.courses import build_catalogue
from orchestration.simulate.drops import DropWriter, write_objects
from orchestration.simulate.faults import Faults
from orchestration.simulate.identifiers import timestamps
from orchestration.simulate.learners import learner_line
from orchestration.simulate.plants import DEFAULT_DAYS, MINIMUM_DAYS
from orchestration.simulate.side_courses import habits_of, side_courses
from orchestration.simulate.side_truth import side_sentences, side_truth
from orchestration.simulate.tally import Tally
from orchestration.simulate.truth import TRUTH_FILE, Truth, mark_unfinished

DEFAULT_LEARNERS, DEFAULT_SEED = 3_000, 1
# Learners simulated at a time: what bounds the memory of a large simulation (about 0.5 GB).
BLOCK_LEARNERS = 4_000
Progress = Callable[[int, int], None]


def simulate(folder: Path, learners: int, days: int, seed: int, on_progress: Progress | None = None) -> Truth:
    """Writes `events/`, `catalog/`, `learners/`, `changes/` and `truth.json` below the folder, replacing earlier ones.

    The same learners, days and seed give the same bytes. `on_progress(done, total)` is told in learners.
    """
    _check_size(learners, days, seed)
    _clear(folder)
    catalogue = build_catalogue(days)
    tally = Tally(catalogue, learners, days, seed)
    rows: list[dict[str, object]] = []
    with DropWriter(folder) as writer:
        for number, first in enumerate(range(0, learners, BLOCK_LEARNERS)):
            block = simulate_block(seed, number, first, min(BLOCK_LEARNERS, learners - first), days, catalogue)
            tally.add(block)
            rows.extend(_learner_rows(block, catalogue))
            rng = np.random.default_rng(np.random.SeedSequence([seed, number, 1]))
            faults = Faults(rng, block.table, tally.counts, number)
            faults.write(writer, _told(on_progress, first, len(block.population), learners))
        beside, habits = side_courses(learners, days, seed), habits_of(learners, days, seed)
        for side in beside:
            tally.add_people(side.block)
            rows.extend(_learner_rows(side.block, side.catalogue))
        for habit in habits:
            tally.add_events(habit.block)
        for small in (*beside, *habits):
            rng = np.random.default_rng(np.random.SeedSequence([seed, small.block_number, 1]))
            Faults(rng, small.block.table, tally.counts, small.block_number).write_in_order(writer)
        tally.counts.files = writer.file_count
    lines = [
        line
        for known in (catalogue, *(small.catalogue for small in (*beside, *habits)))
        for line in catalogue_lines(known)
    ]
    write_objects(folder / "catalog" / "catalog.ndjson", lines)
    write_objects(folder / "learners" / "learners.ndjson", rows)
    write_objects(folder / "changes" / "changes.ndjson", change_lines(catalogue))
    truth = tally.truth()
    truth.side = side_truth(beside, habits)
    truth.sentences |= side_sentences(truth.side)
    truth.write(folder)
    return truth


def _check_size(learners: int, days: int, seed: int) -> None:
    if seed < 0:
        raise ValueError(f"seed {seed}: expected 0 or more")
    if learners < 1:
        raise ValueError(f"{learners} learners: expected at least 1")
    if days < MINIMUM_DAYS:
        raise ValueError(
            f"{days} days: expected at least {MINIMUM_DAYS}, or no cohort has a complete week after its first"
        )


def _clear(folder: Path) -> None:
    """Removes what an earlier simulation wrote; its mark is the truth file, put down before anything else."""
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in folder.iterdir())
    if names and TRUTH_FILE not in names:
        raise ValueError(
            f"{folder} holds {', '.join(names[:3])} and no {TRUTH_FILE}: expected an empty folder or one that a "
            "simulation wrote; nothing was changed, give another folder"
        )
    mark_unfinished(folder)
    for name in DROP_KINDS:
        shutil.rmtree(folder / name, ignore_errors=True)


def _learner_rows(block: Block, catalogue: Catalogue) -> Iterator[dict[str, object]]:
    enrolled = timestamps(block.enrolled_at_milliseconds)
    for index in range(len(block.population)):
        course = catalogue.courses[int(block.population.course[index])]
        cohort = f"autumn, week {int(block.population.cohort_week[index]) + 1}"
        yield learner_line(block.population, index, course.activity_id, f"{enrolled[index]}Z", cohort)


def _told(on_progress: Progress | None, first: int, count: int, total: int) -> Callable[[float], None] | None:
    if on_progress is None:
        return None
    return lambda share: on_progress(first + int(count * share), total)


def main() -> None:
    """`python -m orchestration.simulate.simulator FOLDER`: for people who want the files without the warehouse."""
    parser = argparse.ArgumentParser(description="Simulate learners with known truth.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--learners", type=int, default=DEFAULT_LEARNERS)
    parser.add_argument("--days", type=int, default=DEFAULT_DAYS)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    chosen = parser.parse_args()
    truth = simulate(chosen.folder, chosen.learners, chosen.days, chosen.seed)
    print(truth.counts.sentence)
    for name, sentence in truth.sentences.items():
        if name != "counts":
            print(sentence)


if __name__ == "__main__":
    main()
