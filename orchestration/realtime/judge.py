"""The judge of the stream: a message becomes an event, or is refused with the reason that `warehouse check` gives."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from orchestration.contract.check import refuse_wrapped
from orchestration.contract.lines import parse_line
from orchestration.contract.rules import LINE_RULES, LineJudge
from orchestration.realtime.events import EPOCH, Event, event_of, received_at

EMPTY = "not_object"
"""A message without a value says nothing: it is refused as what is no object."""
KEPT_MINUTES = 64
"""A backlog is read partition by partition, each at another minute, and rules take milliseconds to make."""


@dataclass(frozen=True)
class MessageRefusal:
    """Why a message is refused, and where in it the fault is; never a value of it."""

    reason: str
    path: str = ""
    advice: str = ""


class StreamJudge:
    """Judges messages as of the minute in which the broker took them, so that a replay gives the same answer."""

    def judged(self, value: bytes | None, milliseconds: int) -> Event | MessageRefusal:
        """The event of a message that is a statement; else the reason why it is refused."""
        received = received_at(milliseconds, datetime.now(UTC))
        document = self.document(value, received)
        if isinstance(document, MessageRefusal):
            return document
        return event_of(_without_nul(document) if b"\\u0000" in value else document, received)

    def document(self, value: bytes | None, received: datetime) -> dict[str, Any] | MessageRefusal:
        """The statement of a message, or the reason why it is none."""
        line = refuse_wrapped(parse_line(1, value or b"null"), "events")
        if line.reason:
            return MessageRefusal(line.reason, "", LINE_RULES[line.reason])
        fault = _judge_of(int(received.timestamp()) // 60).fault(line.document)
        return line.document if fault is None else MessageRefusal(fault.reason, fault.path, fault.advice)


@lru_cache(maxsize=KEPT_MINUTES)
def _judge_of(minute: int) -> LineJudge:
    """The rules as of the end of that minute since 1970: they refuse what is further ahead than clocks may be."""
    return LineJudge("events", EPOCH + timedelta(minutes=minute + 1))


def _without_nul(value: Any) -> Any:
    """PostgreSQL keeps no NUL in a text."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_without_nul(element) for element in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(element) for name, element in value.items()}
    return value
