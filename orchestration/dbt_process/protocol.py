"""What a client and the process that holds dbt say to each other, over a socket in a folder of the home.

The client sends its three standard streams and one request, `{"words", "environment", "folder"}`. It is told
`{"started": pid}`, later `{"ended": status}`, or `{"refused": why}`. A client that hangs up takes its run with it.
Messages are lines of JSON.
"""

import json
import os
import select
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SOCKET = "warm.sock"
STREAMS = 3
READ_SECONDS = 5


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """In the folder for a moment: the path of a socket may have a hundred letters only, that of a home has more."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


class ConnectionSide:
    """One side of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._lines = connection.makefile("rb")

    def fileno(self) -> int:
        return self.socket.fileno()

    def tell(self, **message: Any) -> None:
        """Send the message; whether the other side is still there shows when it is read from."""
        try:
            self.socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            return

    def hear(self) -> dict[str, Any]:
        """The next message; empty when the other side is gone."""
        try:
            line = self._lines.readline()
        except OSError:
            return {}
        return json.loads(line) if line.endswith(b"\n") else {}

    def is_closed(self) -> bool:
        """Whether the other side hung up."""
        if not select.select([self.socket], [], [], 0)[0]:
            return False
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def close(self) -> None:
        self._lines.close()
        self.socket.close()


def ask(
    folder: Path, words: Sequence[str], environment: Mapping[str, str], streams: Sequence[int]
) -> ConnectionSide | None:
    """Ask the process whose socket is in the folder for a run; None when it does not answer."""
    connection = socket.socket(socket.AF_UNIX)
    current = str(Path.cwd())
    try:
        with inside(folder):
            connection.connect(SOCKET)
        socket.send_fds(connection, [b"\n"], list(streams))
    except OSError:
        connection.close()
        return None
    line = ConnectionSide(connection)
    line.tell(words=list(words), environment=dict(environment), folder=current)
    return line


def accept(listener: socket.socket) -> tuple[ConnectionSide, list[int]]:
    """A client, and its streams."""
    connection, _ = listener.accept()
    connection.settimeout(READ_SECONDS)
    _, streams, _, _ = socket.recv_fds(connection, 1, STREAMS)
    return ConnectionSide(connection), streams
