"""Starts the process that holds dbt for a command, and ends it with the command."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from orchestration.dbt_process.client import socket_folder
from orchestration.dbt_process.manifest import PARSE_LOCK, is_manifest_stale, manifest_path
from orchestration.dbt_process.server import LOCK
from orchestration.machine.lifetimes import tied_to_us
from orchestration.machine.locks import is_locked, take_lock
from orchestration.settings import NOWHERE, PROJECT_ROOT, home_environment, warehouse_target

STOP_SECONDS = 5
RENEW_SECONDS = 60.0


class KeptWarm:
    """A warm dbt for as long as a command runs; another one in the place of one that ended by itself."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: subprocess.Popen | None = None
        self._next_start = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            end_warm_dbt(self._process)

    def renew(self) -> None:
        """Start it unless it runs, once a minute at most."""
        is_ended = self._process is None or self._process.poll() is not None
        if is_ended and time.monotonic() >= self._next_start:
            self._next_start = time.monotonic() + RENEW_SECONDS
            self._process = start_warm_dbt(self._home)


@contextmanager
def warm_dbt(home: Path) -> Iterator[None]:
    """A warm dbt of the home for the length of a block, from its beginning."""
    with KeptWarm(home) as kept:
        kept.renew()
        yield


def start_warm_dbt(home: Path) -> subprocess.Popen | None:
    """The process, which gets ready while the caller goes on; None where another command's serves the home.

    The turn to parse is taken here and handed over: a process that is started next then waits for the manifest,
    instead of parsing the same project for itself.
    """
    folder = socket_folder(home)
    if is_locked(folder / LOCK):
        return None
    environment = os.environ | NOWHERE | home_environment(home) | {"WAREHOUSE_TARGET": warehouse_target()}
    turn = _turn_to_parse()
    log = home / "logs" / "dbt-warm.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        return start_server(folder, environment, log, turn)
    finally:
        if turn is not None:
            os.close(turn)


def start_server(folder: Path, environment: dict[str, str], log: Path, turn: int | None = None) -> subprocess.Popen:
    """A process that listens in the folder and parses in this environment."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "orchestration.dbt_process.server", str(folder)]
    with log.open("wb") as output:
        return subprocess.Popen(
            command if turn is None else [*command, "--lock", str(turn)],
            cwd=PROJECT_ROOT,
            env=environment | tied_to_us(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=() if turn is None else (turn,),
            # Ctrl-C is for the clients, which pass it on.
            start_new_session=True,
        )


def end_warm_dbt(process: subprocess.Popen) -> None:
    """End the process; a run that it still has ends with it."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _turn_to_parse() -> int | None:
    """The turn, when there is something to parse and it is free."""
    manifest = manifest_path()
    if not is_manifest_stale(manifest):
        return None
    manifest.parent.mkdir(parents=True, exist_ok=True)
    try:
        return take_lock(manifest.parent / PARSE_LOCK)
    except PermissionError:
        return None
