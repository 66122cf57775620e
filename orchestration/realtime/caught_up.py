"""Up to when the stream is consumed: a learner is silent only as far as that.

While workers are down or behind, statements wait in the topic. A sweep by the clock alone would pause learners whose
statements are there and not read. So each look notes the ends of all partitions; when the fence has passed them, all
that had come by that look is consumed. Without traffic the fence stands at the ends, and this is the present.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MARKER_PATIENCE = timedelta(seconds=30)
"""The last offset may be a producer's commit marker, which no consumer gets: after so long, one missing is such."""


@dataclass
class CaughtUp:
    """Looks at the ends of partitions, and what is known from them."""

    since: datetime | None = None
    _looks: deque[tuple[datetime, dict[int, int]]] = field(default_factory=deque)

    def look(self, now: datetime, ends: Mapping[int, int], next_offsets: Mapping[int, int]) -> datetime | None:
        """The moment up to which everything that came is consumed; None before the first."""
        self._looks.append((now, dict(ends)))
        while self._looks and self._is_passed(*self._looks[0], next_offsets, now):
            self.since = self._looks.popleft()[0]
        return self.since

    @staticmethod
    def _is_passed(looked_at: datetime, ends: Mapping[int, int], done: Mapping[int, int], now: datetime) -> bool:
        missing = max((end - done.get(partition, 0) for partition, end in ends.items()), default=0)
        return missing <= 0 or (missing == 1 and now - looked_at > MARKER_PATIENCE)
