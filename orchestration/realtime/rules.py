"""The rules, as pure functions: the same statement and state always give the same actions.

They know nothing of Kafka, PostgreSQL or Quix Streams. What a course is made of, and what it opted out of, is in the
`RuleBook`. An action's id follows from what the action is about, so that a statement met again asks for nothing new.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orchestration.realtime.events import Event
from orchestration.realtime.rule_book import RuleBook

UNLOCK, REMEDIATE, PAUSE = "unlock", "remediate", "pause"
ACTIVE, ENDED, STALE = "active", "ended", "stale"
LATE = "late"
"""Why an action is on record and not sent: it came after the maximum age."""


@dataclass(frozen=True)
class Action:
    """What the platform shall do."""

    action_id: str
    kind: str
    learner: str
    actor: dict
    course_id: str
    activity_id: str
    """What it is about: the module to open, the assessment to offer help with."""
    statement_id: str
    registration: str
    occurred_at: datetime
    details: dict = field(default_factory=dict)
    suppressed_because: str = ""


@dataclass(frozen=True)
class Session:
    """The state of a learner in a registration: the last thing done, and when silence pauses it."""

    learner: str
    registration: str
    actor: dict
    course_id: str
    activity_id: str
    position_seconds: float | None
    statement_id: str
    last_event_at: datetime
    pause_at: datetime | None
    status: str

    @property
    def key(self) -> tuple[str, str]:
        return self.learner, self.registration

    @property
    def order(self) -> tuple[datetime, str]:
        """Two statements of one moment have an order too, so that the later one is the same whichever came first."""
        return self.last_event_at, self.statement_id


def on_statement(
    session: Session | None, event: Event, book: RuleBook, now: datetime
) -> tuple[Session, tuple[Action, ...]]:
    """The session after the statement, and what the platform shall do because of it."""
    actions = (*unlocks(event, book), *remediations(event, book, now))
    return later(session, session_of(event, book)), actions


def later(one: Session | None, other: Session) -> Session:
    """The later of two states of a session; a statement that comes late moves nothing."""
    return other if one is None or other.order > one.order else one


def session_of(event: Event, book: RuleBook) -> Session:
    """The state that the statement alone gives. One that came when the silence was over never becomes active."""
    course_id = book.course_of(event)
    rule = book.pause(course_id)
    pause_at = event.occurred_at + rule.after if rule.enabled else None
    status = ACTIVE
    if event.verb in rule.ended_by:
        status, pause_at = ENDED, None
    elif pause_at is not None and pause_at <= event.received_at:
        status = STALE
    return Session(
        learner=event.learner,
        registration=event.registration,
        actor=event.actor,
        course_id=course_id,
        activity_id=event.activity_id,
        position_seconds=event.position_seconds,
        statement_id=event.statement_id,
        last_event_at=event.occurred_at,
        pause_at=pause_at,
        status=status,
    )


def unlocks(event: Event, book: RuleBook) -> tuple[Action, ...]:
    """Completing a module opens the next one of the course. Late statements count: what is done is done."""
    if not book.is_completion(event):
        return ()
    course_id = book.course_of(event)
    following = book.next_module(course_id, event.activity_id)
    if following is None or not book.unlock(course_id).enabled:
        return ()
    return (
        Action(
            action_id=action_id(UNLOCK, event.learner, course_id, following.activity_id),
            kind=UNLOCK,
            learner=event.learner,
            actor=event.actor,
            course_id=course_id,
            activity_id=following.activity_id,
            statement_id=event.statement_id,
            registration=event.registration,
            occurred_at=event.occurred_at,
            details={"title": following.title, "completed": event.activity_id},
        ),
    )


def remediations(event: Event, book: RuleBook, now: datetime) -> tuple[Action, ...]:
    """A result at an assessment that is below what is asked for offers help, once for each statement."""
    assessment = book.assessment(event)
    if assessment is None:
        return ()
    course_id = book.course_of(event)
    rule = book.remediation(course_id)
    threshold = book.threshold(course_id, assessment)
    if not rule.enabled or not is_below(event, threshold):
        return ()
    is_late = now - event.occurred_at > rule.maximum_age
    return (
        Action(
            action_id=action_id(REMEDIATE, event.statement_id),
            kind=REMEDIATE,
            learner=event.learner,
            actor=event.actor,
            course_id=course_id,
            activity_id=event.activity_id,
            statement_id=event.statement_id,
            registration=event.registration,
            occurred_at=event.occurred_at,
            details={
                "title": assessment.title,
                "module_id": assessment.module_id,
                "score": event.score_scaled,
                "score_below": threshold,
            },
            suppressed_because=LATE if is_late else "",
        ),
    )


def is_below(event: Event, threshold: float) -> bool:
    """Whether the result is too low: by its score, or, without one, by its verdict."""
    if event.score_scaled is not None:
        return event.score_scaled < threshold
    return event.is_correct is False or (event.is_correct is None and event.verb == "failed")


def action_id(kind: str, *parts: str) -> str:
    """The id of the action about these; the sweep builds ids of pauses in SQL by the same rule."""
    return f"{kind}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:32]}"


def pause_id(session: Session) -> str:
    """The id of the pause that follows the session's last statement."""
    milliseconds = (session.last_event_at - datetime.fromtimestamp(0, session.last_event_at.tzinfo)) // timedelta(
        milliseconds=1
    )
    return action_id(PAUSE, session.learner, session.registration, str(milliseconds))
