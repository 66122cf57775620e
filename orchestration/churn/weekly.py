"""The weekly step: from the training set in the warehouse to scores there, and a model card in the home."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from clickhouse_connect.driver.client import Client

from orchestration.churn.card import write_card
from orchestration.churn.limits import limits
from orchestration.churn.records import read_last_monday, read_training_set, write_run
from orchestration.churn.training import Run, train_and_score


@dataclass(frozen=True)
class Week:
    """A run that was written down, its card, and the seconds of each stage."""

    run: Run
    card: Path
    seconds: dict[str, float]


def score_week(client: Client, home: Path) -> Week:
    """Reads the training set, trains, judges, scores, and leaves the run in `ops` and the card in the home."""
    seconds: dict[str, float] = {}
    with _timed(seconds, "read"):
        rows, last_monday = read_training_set(client), read_last_monday(client)
    with _timed(seconds, "train_and_score"):
        run = train_and_score(rows, limits(), last_monday)
    with _timed(seconds, "write"):
        write_run(client, run)
    with _timed(seconds, "card"):
        card = write_card(run, home)
    return Week(run, card, seconds)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    started = perf_counter()
    yield
    seconds[stage] = round(perf_counter() - started, 3)
