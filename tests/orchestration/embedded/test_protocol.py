"""Clients that are slow, stall or come in thousands, on the wire alone."""

import asyncio
import errno
import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from orchestration.embedded import http_interface, protocol
from orchestration.embedded.answer import ClientGone
from orchestration.embedded.errors import EngineError
from orchestration.embedded.http_interface import in_time_received, in_time_sent
from orchestration.embedded.server import RareFaults


async def application(scope, receive, send) -> None:
    """Answers 200 to everything, without reading the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server of the endpoint's protocol with little patience."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.4)
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 4)
    monkeypatch.setattr(protocol, "LARGEST_REST", 1 << 20)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, http=protocol.PatientProtocol, ws="none", lifespan="off", log_config=None, timeout_keep_alive=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def rest_of(line: socket.socket) -> bytes:
    """What the server still sends until it closes."""
    received = b""
    try:
        while part := line.recv(4096):
            received += part
    except ConnectionError:
        pass
    return received


def answer_of(line: socket.socket) -> bytes:
    """One answer of the application, which keeps the connection."""
    received = b""
    while not received.endswith(b"ok") and (part := line.recv(4096)):
        received += part
    return received


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n"


def test_a_head_that_does_not_come_is_not_waited_for(port: int) -> None:
    for begun in (b"", b"GET / HTTP/1.1\r\nHost:"):
        with connect(port) as line:
            line.sendall(begun)
            assert rest_of(line).startswith(b"HTTP/1.1 408")


def test_a_head_that_comes_drop_by_drop_is_not_waited_for(port: int) -> None:
    with connect(port) as line:
        started = time.monotonic()
        with pytest.raises(ConnectionError):
            for _ in range(100):
                line.sendall(b"G")
                time.sleep(0.05)
        assert time.monotonic() - started < 3


def test_between_two_requests_a_client_may_wait_longer(port: int) -> None:
    with connect(port) as line:
        for _ in range(2):
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer_of(line).endswith(b"ok")
            time.sleep(0.8)
        line.sendall(b"GET / HT")
        assert rest_of(line).startswith(b"HTTP/1.1 408"), "the next head has its time, too"


def test_a_body_may_come_slowly(port: int) -> None:
    with connect(port) as line:
        line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
        time.sleep(0.8)
        line.sendall(b"bc")
        assert answer_of(line).endswith(b"ok")


def test_who_idles_longest_makes_room(port: int) -> None:
    lines = []
    for _ in range(6):
        lines.append(connect(port))
        time.sleep(0.02)
    lines[-1].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer_of(lines[-1]).endswith(b"ok")
    assert rest_of(lines[0]) == b""
    for line in lines:
        line.close()


def test_what_follows_an_early_answer_is_not_read_without_end(port: int) -> None:
    with connect(port) as line:
        line.sendall(HEAD)
        with pytest.raises(ConnectionError):
            for _ in range(200):
                line.sendall(bytes(1 << 16))
                time.sleep(0.005)


def test_a_client_that_stalls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_interface, "STALLED_SECONDS", 0.05)

    async def never(*_) -> dict:
        await asyncio.sleep(60)
        return {}

    with pytest.raises(EngineError, match="SOCKET_TIMEOUT"):
        asyncio.run(in_time_received(never)())
    with pytest.raises(ClientGone):
        asyncio.run(in_time_sent(never)({}))


def test_a_lack_of_descriptors_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """It was said 24,333 times."""
    loop, say = asyncio.new_event_loop(), RareFaults()
    with caplog.at_level(logging.ERROR):
        for _ in range(1000):
            say(loop, {"message": "socket.accept() out of system resource", "exception": OSError(errno.EMFILE, "x")})
        say(loop, {"message": "another fault", "exception": ValueError("secret")})
    loop.close()
    assert [record.getMessage().splitlines()[0] for record in caplog.records] == [
        "socket.accept() out of system resource: OSError",
        "another fault: ValueError",
    ]
