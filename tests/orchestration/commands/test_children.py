"""The processes of `up`: one that crashes is started again, one that crashes at each start ends `up`."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from orchestration.commands.children import RESTARTS, Children
from orchestration.commands.errors import CommandError
from orchestration.commands.ports import free_ports, lasting_port, ui_port
from orchestration.machine.logs import keep_small

SLEEPER = "import time; time.sleep(60)"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def children(tmp_path: Path, said: list[str]) -> Iterator[Children]:
    started = Children(tmp_path, said.append)
    yield started
    started.stop()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """module(code) is a module that can be started."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")

    def write(code: str) -> list[str]:
        (tmp_path / "child_of_a_test.py").write_text(code)
        return ["child_of_a_test"]

    return write


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_crashes_is_started_again(children: Children, module, said: list[str]) -> None:
    child = children.start("daemon", module(SLEEPER))
    first = child.process
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    children.tend()
    assert child.process.pid != first.pid
    assert child.process.poll() is None
    assert "daemon ended with exit code -9; it is started again" in said[0]
    children.stop()
    assert child.process.poll() is not None


def test_what_crashes_at_each_start_is_an_error(children: Children, module, said: list[str]) -> None:
    child = children.start("code server", module("raise SystemExit(7)"))
    with pytest.raises(CommandError, match="'code server' ended by itself with exit code 7"):
        for _ in range(RESTARTS + 1):
            child.process.wait()
            children.tend()
    assert len(said) == RESTARTS


def test_a_start_that_ends_before_it_answers_is_an_error(children: Children, module) -> None:
    children.start("webserver", module("raise SystemExit(3)"))
    with pytest.raises(CommandError, match="exit code 3"):
        children.wait_until(lambda: False, "It")


def test_the_port_stays_the_same_unless_it_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "up.port"
    first = lasting_port(file)
    assert lasting_port(file) == first
    file.write_text("no port\n")
    assert lasting_port(file) != 0
    assert ui_port(file, {"WAREHOUSE_UI_PORT": str(first)}) == first


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_named(tmp_path: Path, port: str) -> None:
    with pytest.raises(CommandError, match="expected a number from 1 to 65535"):
        ui_port(tmp_path / "up.port", {"WAREHOUSE_UI_PORT": port})


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_ports(1)[0]))
        taken.listen()
        with pytest.raises(CommandError, match="is taken"):
            ui_port(tmp_path / "up.port", {"WAREHOUSE_UI_PORT": str(taken.getsockname()[1])})


def test_the_log_of_a_child_that_writes_on_stays_small(
    children: Children, module: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.commands.children.keep_small", partial(keep_small, largest=2_000))
    code = "import time\nwhile True:\n    print('x' * 99, flush=True)\n    time.sleep(0.005)\n"
    child = children.start("talker", module(code))
    former = child.log_path.with_name(f"{child.log_path.name}.1")
    deadline = time.monotonic() + 60
    while not (former.exists() and child.log_path.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.1)
        children.tend()
    assert former.stat().st_size >= 2_000
    assert child.log_path.stat().st_size < former.stat().st_size, "what came after the cut, and no more"
    assert child.process.poll() is None
