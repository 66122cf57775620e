"""An engine spoken to as a replica: what comes is written down, and replicated tables are made as plain ones."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PER_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length", "host"}


class Replica(ThreadingHTTPServer):
    """Listens on a free port of loopback in front of the engine."""

    daemon_threads = True

    def __init__(self, upstream: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream, self.statements, self.settings = upstream, [], set()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Replica

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self._pass_on(b"")

    def do_POST(self) -> None:
        self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _pass_on(self, body: bytes) -> None:
        parameters = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        self.server.statements.append((parameters.get("query", "") + "\n" + body.decode(errors="replace")).strip())
        self.server.settings.add((parameters.get("insert_quorum"), parameters.get("async_insert")))
        upstream = http.client.HTTPConnection(*self.server.upstream, timeout=120)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in PER_HOP}
        upstream.request(self.command, self.path, body.replace(b"ReplicatedMergeTree", b"MergeTree"), headers)
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in PER_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()
