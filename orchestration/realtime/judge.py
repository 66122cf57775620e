"""The judge of the stream: a message becomes an event, or is refused with the reason that `warehouse check` gives."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestration.contract.check import refuse_wrapped
from orchestration.contract.lines import parse_line
from orchestration.contract.rules import LINE_RULES, Judge
from orchestration.realtime.events import Event, event_of, received_at

_MINUTE = timedelta(minutes=1)
EMPTY = "not_object"
"""A message without a value says nothing: it is refused as what is no object."""


@dataclass(frozen=True)
class Refusal:
    """Why a message is refused, and where in it the fault is; never a value of it."""

    reason: str
    path: str = ""
    advice: str = ""


class StreamJudge:
    """Judges messages as of the minute in which the broker took them, so that a replay gives the same answer."""

    def __init__(self) -> None:
        self._minute: datetime | None = None
        self._judge: Judge | None = None

    def judged(self, value: bytes | None, milliseconds: int) -> Event | Refusal:
        """The event of a message that is a statement; else the reason why it is refused."""
        line = refuse_wrapped(parse_line(1, value or b"null"), "events")
        if line.reason:
            return Refusal(line.reason, "", LINE_RULES[line.reason])
        received = received_at(milliseconds, datetime.now(UTC))
        fault = self._of_minute(received).fault(line.document)
        if fault is not None:
            return Refusal(fault.reason, fault.path, fault.advice)
        document = _without_nul(line.document) if b"\\u0000" in value else line.document
        return event_of(document, received)

    def _of_minute(self, received: datetime) -> Judge:
        """The rules as of the end of that minute: they refuse what is further ahead than clocks may be."""
        minute = received.replace(second=0, microsecond=0)
        if self._judge is None or minute != self._minute:
            self._minute, self._judge = minute, Judge("events", minute + _MINUTE)
        return self._judge


def _without_nul(value: Any) -> Any:
    """PostgreSQL keeps no NUL in a text."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_without_nul(element) for element in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(element) for name, element in value.items()}
    return value
