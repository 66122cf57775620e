"""The topic of refusals: what was sent, and in headers why it is no statement and where it came from.

A worker that dies between this and its commit sends refusals again; topic, partition and offset tell them.
"""

from collections.abc import Iterable

from confluent_kafka import Producer

from orchestration.realtime.judge import MessageRefusal
from orchestration.realtime.kafka import send
from orchestration.realtime.settings import REJECTED_TOPIC

FLUSH_SECONDS = 30.0


class RejectedTopic:
    """Sends refusals, and waits for the broker to have them when it is asked to."""

    def __init__(self, sending: Producer) -> None:
        self._producer = sending

    def send(
        self,
        value: bytes | None,
        refusal: MessageRefusal,
        key: bytes | None,
        headers: Iterable[tuple[str, bytes]] | None,
        place: tuple[str, int, int],
    ) -> None:
        """Send a message as it was, with what is wrong with it; `place` is its topic, partition and offset."""
        own = {"reason": refusal.reason, "path": refusal.path}
        own |= dict(zip(("topic", "partition", "offset"), map(str, place), strict=True))
        added = [(name, text.encode()) for name, text in own.items()]
        send(self._producer, REJECTED_TOPIC, value or b"", key, [*(headers or ()), *added])

    def flush(self) -> None:
        """Return when the broker has them all. Raises TimeoutError when it does not take them."""
        if self._producer.flush(FLUSH_SECONDS):
            raise TimeoutError(f"The broker does not take refusals on {REJECTED_TOPIC}.")
