"""Sessions of the HTTP interface: a connection of one's own, with its temporary tables and settings, for a while."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from orchestration.embedded.access import User
from orchestration.embedded.connections import EngineConnection
from orchestration.embedded.errors import EngineError

DEFAULT_TIMEOUT_SECONDS = 60
MAX_TIMEOUT_SECONDS = 3600
MAX_SESSIONS = 200


@dataclass
class _Session:
    connection: EngineConnection
    timeout_seconds: int
    expires_at: float
    is_busy: bool = False


class Sessions:
    """All open sessions, by user and session id. One request at a time may use a session."""

    def __init__(
        self, connect: Callable[[bool], EngineConnection], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._by_key: dict[tuple[str, str], _Session] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._by_key)

    @contextmanager
    def lent(self, user: User, session_id: str, timeout: str, must_exist: bool) -> Iterator[EngineConnection]:
        """The session's connection, for one request."""
        session = self._take(user, session_id, read_timeout(timeout), must_exist)
        try:
            yield session.connection
        finally:
            with self._lock:
                session.is_busy = False
                session.expires_at = self._clock() + session.timeout_seconds

    def _take(self, user: User, session_id: str, timeout_seconds: int, must_exist: bool) -> _Session:
        self.expire()
        key = (user.name, session_id)
        with self._lock:
            session = self._by_key.get(key)
            if session is None and must_exist:
                raise EngineError(372, "SESSION_NOT_FOUND", f"Session {session_id} not found")
            if session is not None and session.is_busy:
                raise EngineError(373, "SESSION_IS_LOCKED", f"Session {session_id} is locked by a concurrent client")
            if session is None:
                session = self._open(user, timeout_seconds)
                self._by_key[key] = session
            session.is_busy = True
            session.timeout_seconds = timeout_seconds
            return session

    def _open(self, user: User, timeout_seconds: int) -> _Session:
        if len(self._by_key) >= MAX_SESSIONS:
            raise EngineError(
                700,
                "USER_SESSION_LIMIT_EXCEEDED",
                f"{MAX_SESSIONS} sessions are open, which is the limit of this endpoint. "
                "Close clients, use a shorter session_timeout, or send requests without a session_id.",
            )
        return _Session(self._connect(user.is_reader), timeout_seconds, self._clock() + timeout_seconds)

    def expire(self) -> None:
        """Closes the sessions whose time is over."""
        with self._lock:
            now = self._clock()
            over = [key for key, session in self._by_key.items() if not session.is_busy and session.expires_at <= now]
            closed = [self._by_key.pop(key) for key in over]
        for session in closed:
            session.connection.close()

    def close(self) -> None:
        with self._lock:
            closed, self._by_key = list(self._by_key.values()), {}
        for session in closed:
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
