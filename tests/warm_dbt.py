"""dbt without its start: a process that has imported dbt and parsed the project forks itself for each run.

Importing and parsing take 5 to 20 CPU seconds, most runs of the tests little more. A run is a process of its own as
before, which leads a group and can be killed. The parse does not depend on the connection, and is kept for all runs of
one WAREHOUSE_SCHEMA.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from orchestration.command_lines import NOWHERE
from orchestration.settings import PROJECT_ROOT

REQUEST_BYTES = 1 << 20


class WarmRun:
    """A run of dbt, used as a `subprocess.Popen` with a text pipe."""

    def __init__(self, server: "WarmDbt", pid: int, output: int) -> None:
        self.pid = pid
        self.stdout = os.fdopen(output, encoding="utf-8", errors="replace")
        self.returncode: int | None = None
        self._server = server

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while dbt runs."""
        self.returncode = self._server.exit_code(self.pid, 0)
        return self.returncode

    def kill(self) -> None:
        """SIGKILL, unless dbt has ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Everything that dbt still writes; raises TimeoutExpired, with dbt killed, when it takes too long."""
        alarm = None if timeout is None else _Alarm(timeout, self)
        output = self.stdout.read()
        self.returncode = self._server.exit_code(self.pid, None)
        self.stdout.close()
        if alarm and alarm.stop():
            raise subprocess.TimeoutExpired("dbt", timeout, output)
        return output, None


class _Alarm:
    """Kills a run that takes too long."""

    def __init__(self, seconds: float, run: WarmRun) -> None:
        import threading

        self._has_rung = False
        self._timer = threading.Timer(seconds, self._ring, [run.pid])
        self._timer.daemon = True
        self._timer.start()

    def _ring(self, pid: int) -> None:
        self._has_rung = True
        os.kill(pid, signal.SIGKILL)

    def stop(self) -> bool:
        """Whether it had to kill."""
        self._timer.cancel()
        return self._has_rung


class WarmDbt:
    """The process that holds dbt; it ends with the tests, whose end closes its socket."""

    def __init__(self, schema: str) -> None:
        here, there = socket.socketpair()
        self._socket = here
        self._lines = here.makefile("r")
        self._codes: dict[int, int] = {}
        environment = os.environ | NOWHERE | {"WAREHOUSE_TARGET": "local", "WAREHOUSE_SCHEMA": schema}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm_dbt", str(there.fileno())],
            cwd=PROJECT_ROOT,
            env=environment | {"DBT_PROFILES_DIR": str(PROJECT_ROOT / "profiles")},
            pass_fds=(there.fileno(),),
            start_new_session=True,
        )
        there.close()

    def start(self, words: list[str], environment: Mapping[str, str]) -> WarmRun:
        """A run of dbt with these arguments, in exactly this environment."""
        reading, writing = os.pipe()
        request = json.dumps({"words": words, "environment": dict(environment)}).encode()
        socket.send_fds(self._socket, [request], [writing])
        os.close(writing)
        while "started" not in (answer := self._answer()):
            pass
        return WarmRun(self, answer["started"], reading)

    def exit_code(self, pid: int, timeout: float | None) -> int | None:
        """The code with which the run ended; None when it has not by then."""
        while pid not in self._codes and select.select([self._socket], [], [], timeout)[0]:
            self._answer()
        return self._codes.get(pid)

    def _answer(self) -> dict:
        line = self._lines.readline()
        if not line:
            raise RuntimeError(f"The process that holds dbt ended with code {self._process.wait()}.")
        answer = json.loads(line)
        if "ended" in answer:
            self._codes[answer["ended"]] = os.waitstatus_to_exitcode(answer["status"])
        return answer


@cache
def warm_dbt(schema: str) -> WarmDbt:
    """The process for runs with this WAREHOUSE_SCHEMA; started when it is first asked for."""
    return WarmDbt(schema)


def serve(connection: socket.socket) -> None:
    """Parse once, then fork a run for each request until the other side is gone."""
    from dbt.cli.main import dbtRunner

    with tempfile.TemporaryDirectory(prefix="dbt-parse-") as folder:
        parsed = dbtRunner().invoke(["--quiet", "parse", "--target-path", folder, "--log-path", folder])
    wake, woken = socket.socketpair()
    woken.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)

    def tell(**answer: int) -> None:
        connection.sendall(json.dumps(answer).encode() + b"\n")

    while True:
        ready, _, _ = select.select([connection, wake], [], [])
        if wake in ready:
            wake.recv(4096)
            for pid, status in _ended():
                tell(ended=pid, status=status)
        if connection in ready:
            request, files, _, _ = socket.recv_fds(connection, REQUEST_BYTES, 1)
            if not request:
                return
            pid = os.fork()
            if pid == 0:
                _run(json.loads(request), files[0], parsed)
            os.close(files[0])
            tell(started=pid)


def _ended():
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, status


def _run(request: dict, output: int, parsed) -> None:
    """The forked process: dbt from its command line to its exit code, never back into the caller."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(request["environment"])
    code = 2
    try:
        from dbt.cli.main import dbtRunner

        if not parsed.success:
            raise parsed.exception or RuntimeError("The project does not parse: `uv run dbt parse` shows why.")
        done = dbtRunner(manifest=parsed.result).invoke(request["words"])
        code = 0 if done.success else 2 if done.exception else 1
        if done.exception:
            print(done.exception)
    except BaseException as error:
        print(repr(error))
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(Path(sys.argv[1]).name)))
