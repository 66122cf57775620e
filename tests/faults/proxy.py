"""A proxy that misbehaves: in front of the lake and of the engine, it passes requests on unless a rule says otherwise.

What a rule sees is what goes over the wire, so that step boundaries of a load are found without a hook in the product:
the step "commit" is the INSERT into ops.load_commits.
"""

import contextlib
import http.client
import io
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK_BYTES = 1 << 16
UPSTREAM_SECONDS = 120
_PER_HOP = ("connection", "transfer-encoding", "keep-alive", "expect")


@dataclass(frozen=True)
class Request:
    """One request before it is passed on."""

    method: str
    path: str
    body: bytes

    def is_insert_into(self, table: str) -> bool:
        """Whether it is an INSERT into this table, in whichever case and quotes it is written."""
        text = (self.path.encode() + b" " + self.body[:2000]).lower().replace(b"`", b"").replace(b"+", b" ")
        text = text.replace(b"%20", b" ").replace(b"%60", b"").replace(b"\n", b" ")
        return b"insert into " + table.encode() in b" ".join(text.split())


@dataclass(frozen=True)
class Mischief:
    """What happens to one request; without any of it, it is passed on and answered."""

    before: Callable[[], None] | None = None
    """Called before the request is passed on."""
    status: int = 0
    """Answer this status without passing the request on."""
    halfway: Callable[[], None] | None = None
    """Called when half of the answer was sent."""
    after: Callable[[], None] | None = None
    """Called when the answer is there, before it is sent."""
    cut_at: float = 1.0
    """Send this share of the answer, then reset the connection; 0 loses the answer altogether."""
    delay_seconds: float = 0.0
    is_refused: bool = False
    """Reset the connection without passing the request on."""


Rule = Callable[[Request], Mischief | None]


class Proxy:
    """Listens on a port of its own. `upstream` may change, as a restarted service may be somewhere else."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.rule: Rule = lambda request: None
        self.errors: list[BaseException] = []
        """What went wrong in a rule's own calls, in a thread where no test sees it (see `set_rule`)."""
        self.busy = 0
        """Requests that are under way now."""
        self.hits = 0
        """Requests that met with mischief since the rule was set."""
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def set_rule(self, rule: Rule | None) -> None:
        """Set the rule, or none; raises what went wrong under the former one."""
        errors, self.errors = self.errors, []
        self.rule, self.hits = rule or (lambda request: None), 0
        if errors:
            raise errors[0]

    def call(self, hook: Callable[[], None] | None) -> None:
        """Call a rule's hook, and keep its error for the test."""
        try:
            if hook:
                hook()
        except BaseException as error:
            self.errors.append(error)
            raise

    def wait_until_idle(self) -> bool:
        """Wait for requests of dead clients that are still under way; whether any request met with mischief."""
        deadline = time.monotonic() + UPSTREAM_SECONDS
        while self.busy and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.hits > 0

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def once(matches: Callable[[Request], bool], mischief: Mischief, at_call: int = 1) -> Rule:
    """The mischief for the n-th request that matches, and for no other."""
    lock, seen = threading.Lock(), [0]

    def rule(request: Request) -> Mischief | None:
        if not matches(request):
            return None
        with lock:
            seen[0] += 1
            return mischief if seen[0] == at_call else None

    return rule


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy

    def handle_error(self, request, client_address) -> None:
        """A killed loader leaves its connections broken: that is the point."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError, http.client.HTTPException):
            super().handle_one_request()
            return
        self.close_connection = True

    def _pass_on(self) -> None:
        self.close_connection = True
        proxy = self.server.proxy
        with proxy.lock:
            proxy.busy += 1
        try:
            self._meet(proxy)
        finally:
            with proxy.lock:
                proxy.busy -= 1

    def _meet(self, proxy: Proxy) -> None:
        request = Request(self.command, self.path, self._read_body())
        mischief = proxy.rule(request)
        if mischief is not None:
            with proxy.lock:
                proxy.hits += 1
        mischief = mischief or Mischief()
        proxy.call(mischief.before)
        if mischief.delay_seconds:
            time.sleep(mischief.delay_seconds)
        if mischief.is_refused:
            self._reset()
        elif mischief.status:
            self._answer_error(mischief.status)
        else:
            self._forward(request, mischief)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815 (the names that http.server looks for)

    def _read_body(self) -> bytes:
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _forward(self, request: Request, mischief: Mischief) -> None:
        line = http.client.HTTPConnection(*self.server.proxy.upstream, timeout=UPSTREAM_SECONDS)
        try:
            # The Host header stays: S3 signatures cover it.
            line.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in (*_PER_HOP, "content-length"):
                    line.putheader(name, value)
            if request.body or request.method in ("POST", "PUT"):
                line.putheader("Content-Length", str(len(request.body)))
            line.endheaders(request.body or None)
            answer = line.getresponse()
        except OSError:
            self._reset()
            return
        with contextlib.closing(line):
            self.server.proxy.call(mischief.after)
            if mischief.cut_at <= 0:
                self._reset()
            elif request.method == "HEAD":
                self._send_head(answer, int(answer.getheader("Content-Length") or 0))
            else:
                self._send(answer, mischief)

    def _send(self, answer: http.client.HTTPResponse, mischief: Mischief) -> None:
        """The answer as it comes, so that what happens halfway happens while the service still sends."""
        whole = answer.read() if answer.length is None else b""
        length = len(whole) if answer.length is None else answer.length
        self._send_head(answer, length)
        end = int(length * mischief.cut_at)
        stops = (length // 2, end) if mischief.halfway and length // 2 < end else (end,)
        source, sent = io.BytesIO(whole) if whole else answer, 0
        for stop in stops:
            while sent < stop:
                chunk = source.read(min(CHUNK_BYTES, stop - sent))
                if not chunk:
                    self._reset()
                    return
                self.wfile.write(chunk)
                sent += len(chunk)
            if stop == length // 2:
                self.server.proxy.call(mischief.halfway)
        if end < length:
            self._reset()

    def _send_head(self, answer: http.client.HTTPResponse, length: int) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in (*_PER_HOP, "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()

    def _answer_error(self, status: int) -> None:
        code = {500: "InternalError", 503: "SlowDown"}.get(status, "ServiceUnavailable")
        body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code></Error>'.encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        """The other side sees `connection reset by peer`, not an end."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
