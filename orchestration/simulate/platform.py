"""A platform with a webhook, on loopback: it does each action once, and remembers when."""

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Platform:
    """What the platform was asked for. `failing` is the share of posts that it answers with 503, as real ones do."""

    def __init__(self, failing: float = 0.0, seed: int = 7) -> None:
        self.done: dict[str, dict] = {}
        """Action id → the action, with `received_at`."""
        self.posts: Counter[str] = Counter()
        """Action id → how often it was accepted."""
        self.refused_count = 0
        self._failing, self._random = failing, random.Random(seed)
        self._lock = threading.Lock()

    def take(self, key: str, action: dict) -> int:
        """The HTTP status of the answer."""
        with self._lock:
            if self._random.random() < self._failing:
                self.refused_count += 1
                return 503
            self.posts[key] += 1
            if key not in self.done:
                self.done[key] = action | {"received_at": datetime.now(UTC)}
            return 200

    def repeats(self) -> int:
        """How many actions were posted again after they had been accepted; each was still done once."""
        return sum(count > 1 for count in self.posts.values())


class PlatformServer(ThreadingHTTPServer):
    """Takes many connections at once; the standard queue of five makes the sixth wait a second."""

    daemon_threads = True
    request_queue_size = 128


@contextmanager
def running_platform(failing: float = 0.0) -> Iterator[tuple[Platform, str]]:
    """A platform and its webhook's URL for the length of a block."""
    platform = Platform(failing)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(platform.take(self.headers["Idempotency-Key"], json.loads(body)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Every post in the terminal would hide what is shown there."""

    server = PlatformServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="platform", daemon=True)
    thread.start()
    try:
        yield platform, f"http://127.0.0.1:{server.server_port}/actions"
    finally:
        server.shutdown()
        server.server_close()
