"""Sessions of the HTTP interface: what a client sets, and its temporary tables, kept for a while.

A session holds a connection of its own from the moment that it has something to keep: SET, USE, a temporary table.
Before that it is a name and a time, and its requests use the connections of the pool.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from orchestration.embedded.access import User
from orchestration.embedded.connections import ConnectionPool, EngineConnection
from orchestration.embedded.errors import EngineError

DEFAULT_TIMEOUT_SECONDS = 60
MAX_TIMEOUT_SECONDS = 3600
# For each user, so that no user can take the place of another. Beyond them the longest idle session ends.
MAX_SESSIONS_WITH_STATE = 100
MAX_SESSIONS = 5000


@dataclass
class _Session:
    connection: EngineConnection | None
    timeout_seconds: int
    used_at: float
    is_busy: bool = True

    @property
    def expires_at(self) -> float:
        return self.used_at + self.timeout_seconds


class Sessions:
    """All open sessions, by user and session id. One request at a time may use a session."""

    def __init__(self, pools: Mapping[bool, ConnectionPool], clock: Callable[[], float] = time.monotonic) -> None:
        self._pools = pools
        self._clock = clock
        self._by_user: dict[str, dict[str, _Session]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return sum(len(sessions) for sessions in self._by_user.values())

    @contextmanager
    def borrow(self, user: User, session_id: str, timeout: str, must_exist: bool) -> Iterator[EngineConnection]:
        """A connection with what the session keeps, for one request."""
        session = self._take(user, session_id, read_timeout(timeout), must_exist)
        pool = self._pools[user.is_reader]
        connection = None
        try:
            connection = session.connection or pool.take()
            yield connection
        finally:
            is_kept = connection is not None and connection.is_spent
            with self._lock:
                session.connection = connection if is_kept else None
                session.is_busy, session.used_at = False, self._clock()
            if connection is not None and not is_kept:
                pool.give(connection)
            self._trim(user)

    def _take(self, user: User, session_id: str, timeout_seconds: int, must_exist: bool) -> _Session:
        self.expire()
        with self._lock:
            sessions = self._by_user.setdefault(user.name, {})
            session = sessions.get(session_id)
            if session is None and must_exist:
                raise EngineError(372, "SESSION_NOT_FOUND", f"Session {session_id} not found")
            if session is not None and session.is_busy:
                raise EngineError(373, "SESSION_IS_LOCKED", f"Session {session_id} is locked by a concurrent client")
            if session is None:
                session = sessions[session_id] = _Session(None, timeout_seconds, self._clock())
            session.is_busy = True
            session.timeout_seconds = timeout_seconds
            return session

    def _trim(self, user: User) -> None:
        """Ends the longest idle sessions of a user beyond the limits; one that is in use never ends."""
        with self._lock:
            sessions = self._by_user.get(user.name, {})
            with_state = [key for key, session in sessions.items() if session.connection is not None]
            ended = [
                *_longest_idle(sessions, with_state, len(with_state) - MAX_SESSIONS_WITH_STATE),
                *_longest_idle(sessions, list(sessions), len(sessions) - MAX_SESSIONS),
            ]
            closed = [sessions.pop(key) for key in dict.fromkeys(ended)]
        _close(closed)

    def expire(self) -> None:
        """Ends the sessions whose time is over."""
        closed = []
        with self._lock:
            now = self._clock()
            for sessions in self._by_user.values():
                over = [key for key, session in sessions.items() if not session.is_busy and session.expires_at <= now]
                closed += [sessions.pop(key) for key in over]
        _close(closed)

    def close(self) -> None:
        with self._lock:
            closed = [session for sessions in self._by_user.values() for session in sessions.values()]
            self._by_user = {}
        _close(closed)


def _longest_idle(sessions: Mapping[str, _Session], keys: list[str], count: int) -> list[str]:
    if count <= 0:
        return []
    idle = [key for key in keys if not sessions[key].is_busy]
    return sorted(idle, key=lambda key: sessions[key].used_at)[:count]


def _close(sessions: list[_Session]) -> None:
    for session in sessions:
        if session.connection is not None:
            session.connection.close()


def read_timeout(text: str) -> int:
    """`session_timeout` in seconds; ClickHouse's error 374 when it is no number or above the limit."""
    if not text:
        return DEFAULT_TIMEOUT_SECONDS
    if not text.isdigit():
        raise EngineError(374, "INVALID_SESSION_TIMEOUT", f"Invalid session timeout: '{text}'")
    if int(text) > MAX_TIMEOUT_SECONDS:
        raise EngineError(
            374,
            "INVALID_SESSION_TIMEOUT",
            f"Session timeout '{text}' is larger than max_session_timeout: {MAX_TIMEOUT_SECONDS}. "
            "Maximum session timeout could be modified in configuration file.",
        )
    return int(text)
