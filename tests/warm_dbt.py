"""dbt without its start, for tests: the project's own warm process, one for each WAREHOUSE_SCHEMA.

A run is a process of its own, as any dbt is, which leads a group and can be killed. Unlike `dbt-warm`, these runs may
have `--vars`: no model's config reads one, so that they do not shape the parse.
"""

import atexit
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from orchestration.dbt_process.protocol import SOCKET, ConnectionSide, ask
from orchestration.dbt_process.warm import end_warm_dbt, start_server
from orchestration.settings import NOWHERE, PROJECT_ROOT

START_SECONDS = 60


class WarmRun:
    """A run of dbt, used as a `subprocess.Popen` with a text pipe."""

    def __init__(self, line: ConnectionSide, output: int) -> None:
        started = line.hear()
        if "started" not in started:
            raise RuntimeError(f"The process that holds dbt did not start a run: {started or 'it is gone'}")
        self.pid = started["started"]
        self.stdout = os.fdopen(output, encoding="utf-8", errors="replace")
        self.returncode: int | None = None
        self._line = line

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while dbt runs."""
        if self.returncode is None and select.select([self._line], [], [], 0)[0]:
            self._wait()
        return self.returncode

    def kill(self) -> None:
        """SIGKILL, unless dbt has ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Everything that dbt still writes; raises TimeoutExpired, with dbt killed, when it takes too long."""
        is_late = threading.Event()

        def ring() -> None:
            is_late.set()
            self.kill()

        alarm = threading.Timer(timeout or threading.TIMEOUT_MAX, ring)
        alarm.daemon = True
        alarm.start()
        output = self.stdout.read()
        if self.returncode is None:
            self._wait()
        alarm.cancel()
        self.stdout.close()
        if is_late.is_set():
            raise subprocess.TimeoutExpired("dbt", timeout, output)
        return output, None

    def _wait(self) -> None:
        ended = self._line.hear()
        if not ended:
            raise RuntimeError("The process that holds dbt has ended.")
        self.returncode = os.waitstatus_to_exitcode(ended["ended"])


class WarmDbt:
    """The process that holds dbt; it ends with the tests."""

    def __init__(self, schema: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="warm-dbt-"))
        self._schema = {"WAREHOUSE_SCHEMA": schema}
        environment = os.environ | NOWHERE | {"WAREHOUSE_TARGET": "local"} | self._schema
        environment |= {"DBT_PROFILES_DIR": str(PROJECT_ROOT / "profiles")}
        process = start_server(self._folder, environment, self._folder / "log")
        atexit.register(end_warm_dbt, process)
        deadline = time.monotonic() + START_SECONDS
        while not (self._folder / SOCKET).exists():
            assert process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, "the process that holds dbt does not listen"
            time.sleep(0.02)

    def start(self, words: list[str], environment: Mapping[str, str]) -> WarmRun:
        """A run of dbt with these arguments, in exactly this environment."""
        reading, writing = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        line = ask(self._folder, words, {**environment, **self._schema}, (nothing, writing, writing))
        os.close(writing)
        os.close(nothing)
        if line is None:
            raise RuntimeError(f"The process that holds dbt is gone: {(self._folder / 'log').read_text()}")
        return WarmRun(line, reading)


@cache
def warm_dbt(schema: str) -> WarmDbt:
    """The process for runs with this WAREHOUSE_SCHEMA; started when it is first asked for."""
    return WarmDbt(schema)
