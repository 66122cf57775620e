"""HTTP's wire: how long a request's head may be, how long a client may take to send it, how many may be connected.

All of that happens before a user is known, so that it must cost little and lock no user out. uvicorn's quicker protocol
(httptools) fails on URLs beyond 64 KB and puts any head into memory; h11 has a limit that holds.
"""

import asyncio
import http
import sys

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# As a server's http_max_uri_size: URL and headers together.
LARGEST_HEAD = 1 << 20
HEAD_SECONDS = 30.0
MAX_CONNECTIONS = 512
# What a client may still send behind an answer, as of an error, that came before its end.
LARGEST_REST = 64 << 20
TOO_LARGE = f"URL and headers have more than {LARGEST_HEAD >> 20} MiB; send the statement as the body of a POST."


class PatientProtocol(H11Protocol):
    """One connection: closed when a head does not arrive in time, and to make room when it idles longest of all."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= MAX_CONNECTIONS:
            self._make_room()
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        self._rest = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        if self._is_answered_early():
            self._rest += len(data)
            if self._rest > LARGEST_REST:
                self.transport.abort()
                return
        super().data_received(data)
        self._watch_head()

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        self._rest = 0
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Says what was wrong with the request, and closes."""
        error = sys.exception()
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        if status == http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            msg = TOO_LARGE
        elif error is not None:
            msg = f"{msg} {error}"
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._send_and_close(status, msg)
        else:  # The answer has begun.
            self.transport.close()

    def _send_and_close(self, status: int, text: str) -> None:
        body = f"{text}\n".encode("ascii", "replace")
        headers = [
            (b"content-type", b"text/plain; charset=UTF-8"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        reason = http.HTTPStatus(status).phrase.encode()
        for event in (
            h11.Response(status_code=status, headers=headers, reason=reason),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    @property
    def is_idle(self) -> bool:
        """Whether no request of this connection is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _is_answered_early(self) -> bool:
        """Whether the client still sends the body of a request that has its answer; the rest is thrown away."""
        return self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY

    def _watch_head(self) -> None:
        """Between two requests the keep-alive timer of uvicorn runs, until the first byte of the next one."""
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._stop_timer()
        elif self._head_timer is None and self.timeout_keep_alive_task is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self.conn.their_state is h11.IDLE and self.is_idle and not self.transport.is_closing():
            if self.conn.our_state is h11.IDLE:
                self._send_and_close(408, f"The request's head did not arrive within {HEAD_SECONDS:.0f} s.")
            else:
                self.transport.close()

    def _make_room(self) -> None:
        """Ends the connection that idles longest, so that clients that only connect keep no other out."""
        others = [other for other in self.connections if isinstance(other, PatientProtocol) and other.is_idle]
        closing = [other for other in others if other.transport.is_closing()]
        for other in closing or sorted(others, key=lambda other: other._idle_since)[:1]:
            other.transport.abort()
            self.connections.discard(other)
