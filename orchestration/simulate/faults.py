"""What goes wrong on the way: late, repeated, damaged, voided. Everything is added beside the true statements.

No fault takes a true statement away, so the planted truths hold exactly; each addition is counted where it is made.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import orjson

from orchestration.simulate.block import StatementTable
from orchestration.simulate.catalogue import CAMPUS
from orchestration.simulate.drops import DropWriter
from orchestration.simulate.identifiers import random_uuids, timestamps
from orchestration.simulate.statements import VERBS
from orchestration.simulate.truth import Counts
from orchestration.simulate.weeks import WEEK_DAYS

SOURCES = ("web", "mobile")
LATE_RATIO = 0.08
LATE_DAYS = (1, 7)
RESENT_VISIT_RATIO = 0.012
RESENT_DAYS = (1, 4)
REPEATED_LINE_RATIO = 0.001
# Shares of a file's lines. Together below 1 %: far from what makes the gate hold a file.
REJECTED_RATIO, DAMAGED_RATIO, FUTURE_RATIO, VOIDED_RATIO = 0.003, 0.003, 0.0008, 0.0008
SMALLEST_FAULTY_FILE = 150
FUTURE_TIMESTAMP = "2071-01-01T00:00:00.000Z"
DAMAGES = (
    "missing_actor",
    "missing_verb",
    "missing_object",
    "missing_timestamp",
    "missing_actor_identifier",
    "several_actor_identifiers",
    "invalid_verb",
    "invalid_object",
    "invalid_timestamp",
    "invalid_id",
)
REJECTS = ("not_json", "not_object", "not_json", "invalid_utf8")
RESENT_STORING_DELAY = 86_400_000


@dataclass
class Delivery:
    """One file to be: which statements it holds, in order."""

    source: str
    day: int
    name: str
    statements: np.ndarray
    is_regular: bool


def damage(statement: dict[str, object], reason: str) -> dict[str, object]:
    """The statement with one of its four facts gone, or written as xAPI does not allow."""
    account = {"homePage": CAMPUS, "name": "damaged"}
    replacements: dict[str, dict[str, object]] = {
        "missing_actor_identifier": {"actor": {"objectType": "Agent", "name": "A Learner"}},
        "several_actor_identifiers": {"actor": {"account": account, "mbox": "mailto:damaged@mail.example.org"}},
        "invalid_verb": {"verb": {"id": "watched"}},
        "invalid_object": {"object": {"id": "unit 7", "objectType": "Activity"}},
        "invalid_timestamp": {"timestamp": "yesterday at noon"},
        "invalid_id": {"id": "17"},
    }
    if reason in replacements:
        return statement | replacements[reason]
    fact = reason.removeprefix("missing_")
    gone = {fact, "stored"} if fact == "timestamp" else {fact}
    return {key: value for key, value in statement.items() if key not in gone}


def broken_line(line: str, reason: str, turn: int) -> str:
    """A line that is no statement at all, for this reason of rejection."""
    if reason == "not_object":
        return ("[1,2]", "null", "123", '"a statement"')[turn % 4]
    if reason == "invalid_utf8":
        return line.replace('"en-US"', '"en-\udcff\udcfe"', 1)
    return (line[: len(line) // 2], "502 Bad Gateway", line + "}}")[turn % 3]


class Faults:
    """Turns the statements of one block into files, and counts what it puts in them."""

    def __init__(self, rng: np.random.Generator, table: StatementTable, counts: Counts, block_number: int) -> None:
        self.rng, self.table, self.counts, self.block_number = rng, table, counts, block_number
        self.turns: Counter[str] = Counter()
        self.voiding: dict[int, list[str]] = {}

    def deliveries(self) -> list[Delivery]:
        """Which statement comes in which file; every true statement once, those sent again once more."""
        table, rng = self.table, self.rng
        visits = len(table.visits)
        is_late_visit = table.visits.is_mobile & (rng.random(visits) < LATE_RATIO)
        delay = np.where(is_late_visit, rng.integers(*LATE_DAYS, visits), 0)[table.visit]
        is_late = is_late_visit[table.visit]
        day = table.day + delay
        every = np.arange(len(table))
        files = self._group("part", every[~is_late], day) + self._group("late", every[is_late], day)
        is_resent = (rng.random(visits) < RESENT_VISIT_RATIO)[table.visit]
        resent_day = table.day + rng.integers(*RESENT_DAYS, visits)[table.visit]
        files += self._group("retry", every[is_resent], resent_day)
        self.counts.late_statements += int(is_late.sum())
        return files

    def _group(self, name: str, chosen: np.ndarray, day: np.ndarray) -> list[Delivery]:
        mobile, days = self.table.is_mobile[chosen], day[chosen]
        order = np.lexsort((self.table.milliseconds[chosen], days, mobile))
        chosen, mobile, days = chosen[order], mobile[order], days[order]
        starts = np.flatnonzero(np.r_[True, (np.diff(days) != 0) | (np.diff(mobile) != 0)]) if len(chosen) else []
        pieces = np.split(chosen, starts[1:]) if len(chosen) else []
        return [
            Delivery(
                SOURCES[int(mobile[start])], int(days[start]), f"{name}-{self.block_number:03d}", piece, name == "part"
            )
            for start, piece in zip(starts, pieces, strict=True)
        ]

    def write(self, writer: DropWriter, on_file: Callable[[float], None] | None = None) -> None:
        """Writes all files of the block."""
        files = self.deliveries()
        self._plan_voids(files)
        for number, delivery in enumerate(files):
            delay = RESENT_STORING_DELAY if delivery.name.startswith("retry") else 0
            lines = self.table.render(self.rng, delivery.statements, delay)
            if delivery.name.startswith("retry"):
                self.counts.duplicates += len(lines)
            self.counts.lines += len(lines)
            lines = self._add(lines, self._additions(lines, delivery) + self.voiding.get(number, []))
            writer.write_events(delivery.source, delivery.day, delivery.name, lines)
            if on_file is not None:
                on_file((number + 1) / len(files))

    def write_in_order(self, writer: DropWriter) -> None:
        """Writes the block as a small platform exports: a file a week and source, in which nothing went wrong."""
        week = self.table.day // WEEK_DAYS
        day = np.minimum(WEEK_DAYS * week + WEEK_DAYS - 1, self.table.day.max(initial=0))
        for delivery in self._group("part", np.arange(len(self.table)), day):
            lines = self.table.render(self.rng, delivery.statements)
            self.counts.lines += len(lines)
            writer.write_events(delivery.source, delivery.day, delivery.name, lines)

    def _add(self, lines: list[str], additions: list[str]) -> list[str]:
        """The lines with the additions somewhere between them."""
        self.counts.lines += len(additions)
        places = sorted(self.rng.integers(0, len(lines) + 1, len(additions)).tolist(), reverse=True)
        for place, addition in zip(places, additions, strict=True):
            lines.insert(place, addition)
        return lines

    def _how_many(self, ratio: float, line_count: int) -> int:
        """The share of the file's lines, rounded up or down by chance so that small files count as well."""
        return int(line_count * ratio + self.rng.random())

    def _next(self, kinds: tuple[str, ...], name: str) -> str:
        self.turns[name] += 1
        return kinds[(self.turns[name] - 1) % len(kinds)]

    def _copy(self, lines: list[str]) -> dict[str, object]:
        """A statement like one of the file's, under an id of its own."""
        statement = orjson.loads(lines[int(self.rng.integers(len(lines)))])
        statement["id"] = random_uuids(self.rng, 1)[0]
        return statement

    def _additions(self, lines: list[str], delivery: Delivery) -> list[str]:
        if not delivery.is_regular or len(lines) < SMALLEST_FAULTY_FILE:
            return []
        count = len(lines)
        added = []
        for _ in range(self._how_many(REJECTED_RATIO, count)):
            reason = self._next(REJECTS, "reject")
            self.turns[reason] += 1
            added.append(broken_line(lines[int(self.rng.integers(count))], reason, self.turns[reason]))
            self.counts.rejected[reason] = self.counts.rejected.get(reason, 0) + 1
        for _ in range(self._how_many(DAMAGED_RATIO, count)):
            reason = self._next(DAMAGES, "damage")
            added.append(orjson.dumps(damage(self._copy(lines), reason)).decode())
            self.counts.quarantined[reason] = self.counts.quarantined.get(reason, 0) + 1
        for _ in range(self._how_many(FUTURE_RATIO, count)):
            statement = self._copy(lines) | {"timestamp": FUTURE_TIMESTAMP}
            added.append(orjson.dumps(statement).decode())
            self.counts.quarantined["future_timestamp"] = self.counts.quarantined.get("future_timestamp", 0) + 1
        repeats = self._how_many(REPEATED_LINE_RATIO, count)
        self.counts.duplicates += repeats
        added.extend(lines[i] for i in self.rng.integers(0, count, repeats).tolist())
        return added

    def _plan_voids(self, files: list[Delivery]) -> None:
        """Statements sent by mistake and voided: in the same file, or in any other, so sometimes before them."""
        regular = [number for number, known in enumerate(files) if known.is_regular]
        for number in regular:
            delivery = files[number]
            if len(delivery.statements) < SMALLEST_FAULTY_FILE:
                continue
            for _ in range(self._how_many(VOIDED_RATIO, len(delivery.statements))):
                chosen = delivery.statements[self.rng.integers(len(delivery.statements), size=1)]
                target = orjson.loads(self.table.render(self.rng, chosen)[0])
                target["id"], voiding_id = random_uuids(self.rng, 2)
                voider = self._voiding_statement(voiding_id, str(target["id"]), int(self.table.milliseconds[chosen[0]]))
                elsewhere = regular[int(self.rng.integers(len(regular)))]
                other = number if self.rng.random() < 0.5 else elsewhere
                first, second = self._where(files, regular, number, other)
                self.voiding.setdefault(first, []).append(orjson.dumps(target).decode())
                self.voiding.setdefault(second, []).append(voider)
                self.counts.voided += 1
                self.counts.voiding += 1

    @staticmethod
    def _where(files: list[Delivery], regular: list[int], number: int, other: int) -> tuple[int, int]:
        """The files of a statement of file `number` and of its voiding: neither is sent before it was made.

        Where `other` lies before, the voiding comes first: it stays with its day, and the statement is sent later.
        """
        if files[other].day >= files[number].day:
            return number, other
        later = regular[-1 - regular.index(other)]
        return (later if files[later].day >= files[number].day else number), number

    @staticmethod
    def _voiding_statement(statement_id: str, target_id: str, milliseconds: int) -> str:
        stamp = timestamps(np.array([milliseconds]))[0]
        voiding = {
            "id": statement_id,
            "actor": {"objectType": "Agent", "account": {"homePage": CAMPUS, "name": "lrs-administrator"}},
            "verb": {"id": VERBS["voided"], "display": {"en-US": "voided"}},
            "object": {"objectType": "StatementRef", "id": target_id},
            "timestamp": f"{stamp}Z",
            "version": "1.0.3",
        }
        return orjson.dumps(voiding).decode()
