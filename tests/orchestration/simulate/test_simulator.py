"""The same arguments must give the same bytes: a demo, a test and a bug report speak of one data set."""

import hashlib
from pathlib import Path

import pytest

from orchestration.simulate import simulator
from orchestration.simulate.simulator import simulate
from orchestration.simulate.truth import FORMAT, Truth, read_truth
from tests.orchestration.simulate.accepted import DAYS, LEARNERS, SEED


def fingerprint(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes(simulation: tuple[Path, Truth], tmp_path: Path) -> None:
    simulate(tmp_path, LEARNERS, DAYS, SEED)
    assert fingerprint(tmp_path) == fingerprint(simulation[0])


def test_another_seed_gives_other_statements(tmp_path: Path) -> None:
    first, second = simulate(tmp_path / "a", 30, 14, 1), simulate(tmp_path / "b", 30, 14, 2)
    assert first.counts != second.counts
    assert (
        fingerprint(tmp_path / "a")["learners/learners.ndjson"]
        != fingerprint(tmp_path / "b")["learners/learners.ndjson"]
    )


def test_simulating_again_leaves_nothing_of_the_simulation_before(tmp_path: Path) -> None:
    simulate(tmp_path / "twice", 60, 21, 1)
    simulate(tmp_path / "twice", 20, 14, 2)
    simulate(tmp_path / "once", 20, 14, 2)
    assert fingerprint(tmp_path / "twice") == fingerprint(tmp_path / "once")


def test_an_interrupted_simulation_says_so_and_can_be_repeated(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path, 20, 14, 1, interrupt)
    with pytest.raises(ValueError, match="interrupted"):
        read_truth(tmp_path)
    assert simulate(tmp_path, 20, 14, 1) == read_truth(tmp_path)


def test_a_folder_of_real_drops_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "real.ndjson").write_text("do not delete")
    with pytest.raises(ValueError, match="holds events"):
        simulate(tmp_path, 10, 14, 1)
    assert (tmp_path / "events" / "real.ndjson").exists()


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("do not delete")
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "mine.ndjson").write_text("do not delete")
    with pytest.raises(ValueError, match="nothing was changed"):
        simulate(tmp_path, 10, 14, 1)
    assert (tmp_path / "events" / "mine.ndjson").exists()


@pytest.mark.parametrize(("learners", "days", "seed"), [(0, 56, 1), (10, 13, 1), (10, 56, -1)])
def test_a_size_that_cannot_carry_the_plants_is_refused(tmp_path: Path, learners: int, days: int, seed: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        simulate(tmp_path, learners, days, seed)


@pytest.mark.parametrize("days", [14, 15, 20, 22, 60])
def test_any_number_of_days_and_a_single_learner_work(tmp_path: Path, days: int) -> None:
    assert simulate(tmp_path, 1, days, 3).counts.learners_enrolled == 1


def test_learners_in_several_blocks_stay_different_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator, "BLOCK_LEARNERS", 25)
    truth = simulate(tmp_path, 60, 14, 1)
    lines = (tmp_path / "learners" / "learners.ndjson").read_text().splitlines()
    assert truth.counts.learners_enrolled == len(lines) == len({line.split('"course_id"')[0] for line in lines}) == 60
    assert len({path.name for path in tmp_path.glob("events/web/*/part-*.gz")}) == 3


def test_progress_is_told_in_learners_and_ends_at_all_of_them(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    simulate(tmp_path, 40, 14, 1, lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (40, 40)


def test_the_truth_file_is_read_back_as_it_was_written(simulation: tuple[Path, Truth]) -> None:
    folder, truth = simulation
    assert read_truth(folder) == truth


def test_a_truth_file_of_another_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text('{"format": 99}')
    with pytest.raises(ValueError, match=f"99, expected {FORMAT}"):
        read_truth(tmp_path)
