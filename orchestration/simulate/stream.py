"""Learners who learn now: statements one by one, at a rate, with planted triggers of the real-time rules.

What is planted is written down as it is sent, from the plan and not from the rules: it is what the rules are held
against. Learners take turns, so that each is heard of twice a second; a silent one is silent from some moment on.
"""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson

from orchestration.simulate.catalogue import CAMPUS, Course, Module
from orchestration.simulate.courses import build_catalogue
from orchestration.simulate.statements import ACTIVITY_TYPES, VERBS, VIDEO

UNLOCK, REMEDIATE, PAUSE = "unlock", "remediate", "pause"
TURN_SECONDS = 0.5
"""Between two statements of a learner."""
PASS_SCORE = 0.6
LATE = timedelta(hours=2)
AHEAD = timedelta(days=1)
BELOW_RATIO, LATE_RATIO, REPEAT_RATIO, REFUSED_RATIO = 0.3, 0.05, 0.02, 0.005
SILENT_RATIO, EXIT_RATIO = 0.2, 0.3
_SPACE = uuid.UUID("5f2a4c1e-6d0b-4b52-9c53-2f6c0a7b8d11")


@dataclass(frozen=True)
class Message:
    """What is sent: the key that keeps a learner's statements in order, and the statement's bytes."""

    key: bytes
    value: bytes


@dataclass
class Planted:
    """What must come of the messages sent so far."""

    actions: set[tuple[str, str, str]] = field(default_factory=set)
    """(unlock, learner, module), (remediate, learner, statement), (pause, learner, last statement)."""
    suppressed: set[tuple[str, str, str]] = field(default_factory=set)
    """Help that is too late to be offered."""
    message_count: int = 0
    refused_count: int = 0


@dataclass
class _Learner:
    name: str
    course: Course
    registration: str
    silent_from: float
    exits: bool
    turn: int = 0
    last_statement: str = ""
    has_exited: bool = False
    is_silent: bool = False


class Stream:
    """Messages of simulated learners; `planted` grows with them."""

    def __init__(self, rate: float, seconds: float, seed: int = 7) -> None:
        self._random = random.Random(seed)
        self._rate, self._seconds = rate, seconds
        self._courses = build_catalogue().courses
        self._numbers = 0
        self._learners = [self._new_learner() for _ in range(max(4, round(rate * TURN_SECONDS)))]
        self.planted = Planted()
        self._named = f"{seed}-{rate}-{seconds}"

    @property
    def message_count(self) -> int:
        """How many turns there are in all; repeated and broken messages come on top."""
        return round(self._rate * self._seconds)

    def messages(self, number: int, now: datetime) -> Iterator[Message]:
        """What is sent at the turn of that number, which is due at number / rate seconds."""
        place = number % len(self._learners)
        learner = self._learners[place]
        at = number / self._rate
        if learner.is_silent or at >= learner.silent_from:
            self._fall_silent(learner)
            learner = self._learners[place] = self._new_learner(at)
        is_last = at + 2 * len(self._learners) / self._rate >= self._seconds
        yield from self._turn(learner, now, is_last)

    def finish(self) -> Planted:
        """All fall silent; what is planted in all."""
        for learner in self._learners:
            self._fall_silent(learner)
        return self.planted

    def _new_learner(self, at: float = 0.0) -> _Learner:
        self._numbers += 1
        draw = self._random
        is_leaver = draw.random() < SILENT_RATIO and at < self._seconds * 0.5
        silent_from = at + draw.uniform(0.3, 0.6) * (self._seconds - at) if is_leaver else self._seconds * 2
        return _Learner(
            name=f"live-{self._numbers:06d}",
            course=draw.choice(self._courses),
            registration=str(uuid.UUID(int=draw.getrandbits(128), version=4)),
            silent_from=silent_from,
            exits=draw.random() < EXIT_RATIO,
        )

    def _fall_silent(self, learner: _Learner) -> None:
        if not learner.is_silent and learner.last_statement and not learner.has_exited:
            self.planted.actions.add((PAUSE, learner.name, learner.last_statement))
        learner.is_silent = True

    def _turn(self, learner: _Learner, now: datetime, is_last: bool) -> Iterator[Message]:
        draw = self._random
        if learner.has_exited:
            return
        if is_last and learner.exits:
            learner.has_exited = True
            module = learner.course.modules[0]
            yield self._said(learner, now, "terminated", module.activity_id, "module", module.course_id)
            return
        module, step = self._where(learner)
        learner.turn += 1
        message = self._step(learner, now, module, step)
        yield message
        if draw.random() < REPEAT_RATIO:
            yield self._counted(message)
        if draw.random() < REFUSED_RATIO:
            yield self._refused(learner, now)

    def _where(self, learner: _Learner) -> tuple[Module, int]:
        """Five steps make a module; after the last one its quiz is taken again and again."""
        modules = learner.course.modules
        done = learner.turn // 5
        return (modules[done], learner.turn % 5) if done < len(modules) else (modules[-1], learner.turn % 4)

    def _step(self, learner: _Learner, now: datetime, module: Module, step: int) -> Message:
        units = {unit.kind: unit for unit in module.units}
        if step == 3:
            return self._quiz(learner, now, units["assessment"].activity_id, module)
        if step == 4:
            return self._completed(learner, now, module)
        unit = units["page" if step == 0 else "video"]
        verb = ("viewed", "played", "paused")[step]
        result = {"extensions": {VIDEO + "extensions/time": 30.0 * step}} if step else None
        return self._said(learner, now, verb, unit.activity_id, unit.kind, module.course_id, result)

    def _completed(self, learner: _Learner, now: datetime, module: Module) -> Message:
        order = list(learner.course.modules)
        place = order.index(module)
        if place + 1 < len(order):
            self.planted.actions.add((UNLOCK, learner.name, order[place + 1].activity_id))
        result = {"completion": True}
        return self._said(learner, now, "completed", module.activity_id, "module", module.course_id, result)

    def _quiz(self, learner: _Learner, now: datetime, quiz_id: str, module: Module) -> Message:
        draw = self._random
        is_below, is_late = draw.random() < BELOW_RATIO, draw.random() < LATE_RATIO
        score = round(draw.uniform(0.0, PASS_SCORE - 0.01) if is_below else draw.uniform(PASS_SCORE, 1.0), 2)
        moment, before = (now - LATE, learner.last_statement) if is_late else (now, "")
        verb = "failed" if is_below else "passed"
        result = {"score": {"scaled": score}, "success": not is_below}
        message = self._said(learner, moment, verb, quiz_id, "assessment", module.course_id, result)
        if is_below:
            planted = self.planted.suppressed if is_late else self.planted.actions
            planted.add((REMEDIATE, learner.name, learner.last_statement))
        if is_late:
            # What happened two hours ago is not the last thing that the learner did.
            learner.last_statement = before or learner.last_statement
        return message

    def _said(
        self,
        learner: _Learner,
        now: datetime,
        verb: str,
        activity_id: str,
        kind: str,
        course_id: str,
        result: dict | None = None,
    ) -> Message:
        statement_id = str(uuid.uuid5(_SPACE, f"{self._named}-{self.planted.message_count}"))
        learner.last_statement = statement_id
        statement = {
            "id": statement_id,
            "actor": {"account": {"homePage": CAMPUS, "name": learner.name}},
            "verb": {"id": VERBS[verb]},
            "object": {"id": activity_id, "definition": {"type": ACTIVITY_TYPES[kind]}},
            "context": {
                "registration": learner.registration,
                "contextActivities": {
                    "grouping": [{"id": course_id, "definition": {"type": ACTIVITY_TYPES["course"]}}]
                },
            },
            "timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
        }
        if result:
            statement["result"] = result
        text = orjson.dumps(statement)
        return self._counted(Message(learner.name.encode(), text))

    def _refused(self, learner: _Learner, now: datetime) -> Message:
        """One of the kinds of messages that are no statement."""
        ahead = f"{now + AHEAD:%Y-%m-%dT%H:%M:%SZ}"
        actor = {"account": {"homePage": CAMPUS, "name": learner.name}}
        verb, thing = {"id": VERBS["viewed"]}, {"id": f"{CAMPUS}/nowhere"}
        broken = (
            b"{cut off",
            orjson.dumps({"verb": verb, "object": thing, "timestamp": ahead}),
            orjson.dumps({"actor": actor, "verb": verb, "object": thing, "timestamp": ahead}),
            b"",
        )
        self.planted.refused_count += 1
        return self._counted(Message(learner.name.encode(), self._random.choice(broken)))

    def _counted(self, message: Message) -> Message:
        self.planted.message_count += 1
        return message
