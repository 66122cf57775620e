"""Steps 6 and 7, gate and publish: each object of a committed load gets a verdict, and readers see it by that verdict.

`pass` and `quarantine` publish (see ops.live_objects); `block` holds the one object, never its neighbours. When the
gate itself fails at a load or does not answer, every object of that load is held with that reason and judged again by
the next loads, MAX_JUDGE_TRIES times in all; the other loads of the run are still judged.
"""

from dataclasses import dataclass, field
from itertools import batched
from typing import Protocol

from clickhouse_connect.driver.client import Client

from orchestration.expectations.counting import SparingJudge
from orchestration.expectations.data_docs import DataDocs
from orchestration.expectations.deadline import NoAnswer, answer_within
from orchestration.expectations.facts import profile_load
from orchestration.expectations.faults import UnmetExpectation, faults_by_object, with_lines
from orchestration.expectations.thresholds import thresholds
from orchestration.expectations.verdict import LoadVerdict
from orchestration.loading.errors import safe_message
from orchestration.loading.lake.objects import RAW_TABLES
from orchestration.loading.ledger.entries import MAX_IDS, insert_rows, server_now
from orchestration.loading.ledger.verdicts import BLOCK, COLUMNS, MAX_REASON, PASS, PUBLISHED, QUARANTINE, RELEASE
from orchestration.loading.state.held import HeldCommit
from orchestration.loading.state.refused import refused_lines
from orchestration.loading.state.unjudged import GATE_FAILED, UnjudgedLoad, recent_load_id, unjudged_loads
from orchestration.loading.upkeep.supersede import close_corrected
from orchestration.settings import Settings

MAX_HANGS = 2
"""After so many loads without an answer the rest waits for the next run: a gate that hangs at everything would else
hold up this one for gate_judge_seconds_max times the loads."""
DOCS_SECONDS = 60
"""How long the pages may take: they are for reading, and a lake that hangs must not hold up the marts."""
FAULT_COLUMNS = ("expectation", "fact", "meaning", "found_count", "expected", "line_numbers")


@dataclass
class Judgement:
    """What the gate did in one load."""

    judged_count: int = 0
    published_count: int = 0
    refused_count: int = 0
    """Lines of the judged objects that staging refuses, those that the load rejected among them."""
    corrected_count: int = 0
    """HeldCommit objects that a later version of their key has replaced."""
    held: list[HeldCommit] = field(default_factory=list)
    docs_problem: str = ""
    """Why the pages of Data Docs could not be written."""


class Judge(Protocol):
    """The part of the expectations that the gate needs."""

    def judge(self, load_id: str, kind: str, object_count: int) -> LoadVerdict:
        """Reasons by object; raises when it cannot say."""


@dataclass(frozen=True)
class _Verdict:
    verdict: str
    reason: str = ""
    faults: tuple[UnmetExpectation, ...] = ()


def judge_new_loads(
    client: Client, settings: Settings, judge: Judge | None = None, is_everything: bool = True
) -> Judgement:
    """Give a verdict to every committed object that has none; a crash between commit and gate is made up for here.

    Of everything, or of the loads of the last hours (LOOK_BACK) only, whose cost does not grow with the history.
    """
    judgement = Judgement()
    court = _JudgingSession(client, settings, judge)
    for load in unjudged_loads(client, "" if is_everything else recent_load_id(client)):
        _write(client, load, court.verdicts(load), judgement)
        if court.hang_count >= MAX_HANGS:
            break
    judgement.refused_count = refused_lines(client, court.profiled)
    judgement.corrected_count = close_corrected(client)
    judgement.docs_problem = court.publish_docs()
    return judgement


class _JudgingSession:
    """One judge for all loads of a run; a new one after it hung, because the thread that hangs still has the old."""

    def __init__(self, client: Client, settings: Settings, judge: Judge | None) -> None:
        self._client, self._settings, self._judge = client, settings, judge
        self.hang_count = 0
        self.profiled: list[str] = []
        """Loads whose lines were counted."""
        self._docs = DataDocs(settings)

    def verdicts(self, load: UnjudgedLoad) -> dict[str, _Verdict]:
        """By object_id; the same block for all objects when the gate failed."""
        try:
            return answer_within(thresholds().judge_seconds_max, lambda: self._judged(load), "gate")
        except Exception as error:
            if isinstance(error, NoAnswer):
                self.hang_count += 1
                self._judge = None
            reason = (GATE_FAILED + safe_message(error, self._settings))[:MAX_REASON]
            return dict.fromkeys(load.keys, _Verdict(BLOCK, reason))

    def _judged(self, load: UnjudgedLoad) -> dict[str, _Verdict]:
        self._judge = judge = self._judge or _great_expectations(self._client, self._settings)
        table = RAW_TABLES[load.kind]
        profile_load(self._client, load.load_id, load.kind, table)
        self.profiled.append(load.load_id)
        verdict = judge.judge(load.load_id, load.kind, load.object_count)
        if verdict.result is not None:
            faults = faults_by_object(verdict.result)
            waiting = {object_id: some for object_id, some in faults.items() if object_id in load.keys}
            verdict.faults = with_lines(self._client, load.load_id, load.kind, table, waiting)
        self._docs.add(load.load_id, load.kind, load.keys, verdict)
        return {object_id: _verdict(verdict, object_id) for object_id in load.keys}

    def publish_docs(self) -> str:
        """Why the pages could not be written; empty when they were. No verdict depends on them."""
        try:
            answer_within(DOCS_SECONDS, self._docs.publish, "data docs")
        except Exception as error:
            return f"Data Docs were not written: {safe_message(error, self._settings)}"[:MAX_REASON]
        return ""


def _great_expectations(client: Client, settings: Settings) -> Judge:
    """Imported only for a load that has anything at fault: the import alone takes seconds."""
    return SparingJudge(client, settings.clickhouse)


def _verdict(judged: LoadVerdict, object_id: str) -> _Verdict:
    held = judged.held_entirely + judged.held.get(object_id, [])
    noted = judged.noted.get(object_id, [])
    verdict = BLOCK if held else QUARANTINE if noted else PASS
    return _Verdict(verdict, "; ".join(held or noted)[:MAX_REASON], tuple(judged.faults.get(object_id, ())))


def _write(client: Client, load: UnjudgedLoad, verdicts: dict[str, _Verdict], judgement: Judgement) -> None:
    """Record the verdicts; once recorded they count. The faults come first: readers of the block see them too."""
    verdicts = _honouring_releases(client, verdicts)
    judged_at = server_now(client)
    faults = [
        [load.load_id, object_id, *(getattr(fault, column) for column in FAULT_COLUMNS), judged_at]
        for object_id, judged in verdicts.items()
        for fault in judged.faults
    ]
    insert_rows(client, "gate_faults", ("load_id", "object_id", *FAULT_COLUMNS, "judged_at"), faults)
    rows = [
        [load.load_id, object_id, judged.verdict, judged.reason, judged_at] for object_id, judged in verdicts.items()
    ]
    insert_rows(client, "load_gates", COLUMNS, rows)
    judgement.judged_count += len(rows)
    judgement.published_count += sum(judged.verdict in PUBLISHED for judged in verdicts.values())
    judgement.held += [
        HeldCommit(load.load_id, object_id, load.keys[object_id], judged.reason)
        for object_id, judged in verdicts.items()
        if judged.verdict == BLOCK
    ]


def _honouring_releases(client: Client, verdicts: dict[str, _Verdict]) -> dict[str, _Verdict]:
    """A release is of a version of an object: read once more, because raw was damaged, it is released again."""
    blocked = [object_id for object_id, judged in verdicts.items() if judged.verdict == BLOCK]
    released: dict[str, str] = {}
    for some in batched(blocked, MAX_IDS):
        rows = client.query(
            "select object_id, argMax(reason, (judged_at, load_id)) from ops.load_gates "
            "where object_id in {object_ids:Array(String)} and verdict = {release:String} group by object_id",
            parameters={"object_ids": list(some), "release": RELEASE},
        ).result_rows
        released |= dict(rows)
    return verdicts | {object_id: _Verdict(RELEASE, reason) for object_id, reason in released.items()}
