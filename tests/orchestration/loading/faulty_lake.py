"""A door to the lake that misbehaves: it passes requests on, except where a rule names a fault."""

import contextlib
import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

Rule = Callable[[str, str], str]
"""(method, key) → "" to pass on, a status such as "500", "reset", "slow" or "cut"."""

SLOW_SECONDS = 1.5


class FaultyLake:
    """Listens on a port of its own until it is closed; counts the requests that met a fault."""

    def __init__(self, endpoint_url: str) -> None:
        self.rule: Rule = lambda method, key: ""
        self.fault_count = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda request, address: None
        self._server.door, self._server.upstream = self, urlsplit(endpoint_url).netloc
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def _pass_on(self) -> None:
        self.close_connection = True
        door = self.server.door
        fault = door.rule(self.command, unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2])
        door.fault_count += bool(fault)
        if fault == "slow":
            time.sleep(SLOW_SECONDS)
        if fault == "reset":
            self._reset()
        elif fault.isdigit():
            self.send_response(int(fault))
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._forward(is_cut=fault == "cut")

    do_GET = do_HEAD = _pass_on  # noqa: N815

    def _forward(self, is_cut: bool) -> None:
        with contextlib.closing(http.client.HTTPConnection(self.server.upstream, timeout=60)) as line:
            # The Host header stays as it is: S3 signatures cover it.
            line.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                line.putheader(name, value)
            line.endheaders()
            answer = line.getresponse()
            body = answer.read()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if is_cut else body)
        if is_cut:
            self._reset()

    def _reset(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
