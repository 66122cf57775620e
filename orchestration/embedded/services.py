"""Starts, stops and describes the local services of one home: the ClickHouse endpoint and the lake.

    with running_services(home):
        settings = load_settings()

`python -m orchestration.embedded.services --home DIR` keeps them running in the foreground.
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.embedded.home import Home, read_services
from orchestration.machine.locks import is_locked
from orchestration.machine.private import HomeNotPrivate, keep_private
from orchestration.settings import PROJECT_ROOT, home_environment

READY_SECONDS = 60
STOP_SECONDS = 20
LOG_TAIL_LINES = 15
EXIT_ALREADY_RUNNING = 3
SERVER = "orchestration.embedded.server"
"""The module whose process the services are."""
PATTERN_CHARACTERS = set("*?{}")
# Services started by this process, by pid: a child must be waited for when it has ended.
_children: dict[int, subprocess.Popen] = {}


class ServicesError(Exception):
    """The services cannot be started or stopped; the message says why and what to do."""


class ServicesAlreadyRunning(ServicesError):
    """This home's services run already, started by another process."""


@dataclass(frozen=True)
class Services:
    """The running services of a home, as `services.json` describes them."""

    home: Path
    host: str
    port: int
    pid: int
    lake_endpoint_url: str
    lake_pid: int
    is_ours: bool

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True)
class ServicesStatus:
    """Whether a home's services run, and which they are."""

    is_running: bool
    services: Services | None


@contextmanager
def running_services(home: Path) -> Iterator[Services]:
    """The services of this home for the length of a block.

    Services that run already are used and left alone. Those started here end with the block, and with this process,
    however it ends.
    """
    services = None
    while services is None:
        try:
            services = start_services(home, bound_to_us=True)
        except ServicesAlreadyRunning:
            services = _services_of_others(Home(home.resolve()))
    try:
        yield services
    finally:
        if services.is_ours:
            stop_services(home)


def start_services(home: Path, bound_to_us: bool = False) -> Services:
    """Starts the services of this home and waits until they answer.

    They run until `stop_services`, or, with `bound_to_us`, until this process ends. Raises ServicesAlreadyRunning
    when the home has its services, ServicesError when they do not come up.
    """
    place = Home(home.resolve())
    if characters := PATTERN_CHARACTERS.intersection(str(place.path)):
        raise ServicesError(
            f"The home {place.path} has {' and '.join(sorted(characters))} in its path, which the engine takes for a "
            "pattern. Set WAREHOUSE_HOME to a folder without * ? { } in its path."
        )
    _create(place)
    if is_locked(place.lock_file):
        raise _already_running(place)
    log_path = place.logs / "services.log"
    command = [sys.executable, "-m", SERVER, "--home", str(place.path)]
    if bound_to_us:
        command += ["--parent", str(os.getpid())]
    with log_path.open("ab") as log:
        # A session of its own, so that Ctrl-C reaches us alone and we stop the services when we are done with them.
        process = subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=os.environ | home_environment(place.path),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _children[process.pid] = process
    try:
        return _wait_until_ready(place, process, log_path)
    except BaseException:
        _end(_children.pop(process.pid))
        raise


def _create(place: Home) -> None:
    try:
        note = place.create()
    except HomeNotPrivate as error:
        raise ServicesError(str(error)) from None
    if note:
        print(note, file=sys.stderr)


def stop_services(home: Path) -> bool:
    """Stops the services of this home, whichever process started them; False when none run."""
    place = Home(home.resolve())
    if not is_locked(place.lock_file):
        return False
    recorded = read_services(place)
    if recorded is None:
        recorded = _wait_for_record(place)
    pid = int(recorded["clickhouse"]["pid"])
    for sign, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        if _wait_until_unlocked(place, seconds):
            if pid in _children:
                _children.pop(pid).wait()
            return True
    raise ServicesError(f"The services of {place.path} (pid {pid}) do not stop, even when killed. See {place.logs}.")


def services_status(home: Path) -> ServicesStatus:
    """What runs on this home now; files left behind by a killed process do not count."""
    place = Home(home.resolve())
    if not is_locked(place.lock_file):
        return ServicesStatus(False, None)
    recorded = read_services(place)
    return ServicesStatus(True, _services(place, recorded, False) if recorded else None)


def _services(place: Home, recorded: dict, is_ours: bool) -> Services:
    engine, lake = recorded["clickhouse"], recorded["lake"]
    return Services(
        home=place.path,
        host=engine["host"],
        port=int(engine["port"]),
        pid=int(engine["pid"]),
        lake_endpoint_url=lake["endpoint_url"],
        lake_pid=int(lake["pid"]),
        is_ours=is_ours,
    )


def _already_running(place: Home) -> ServicesAlreadyRunning:
    recorded = read_services(place)
    where = f" at http://{recorded['clickhouse']['host']}:{recorded['clickhouse']['port']}" if recorded else ""
    by = f" (pid {recorded['clickhouse']['pid']})" if recorded else ""
    return ServicesAlreadyRunning(
        f"The services of {place.path} are already running{where}{by}. "
        "Use them, stop them first, or set WAREHOUSE_HOME to another folder."
    )


def _wait_until_ready(place: Home, process: subprocess.Popen, log_path: Path) -> Services:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        code = process.poll()
        if code == EXIT_ALREADY_RUNNING:
            raise _already_running(place)
        if code is not None:
            raise ServicesError(f"The local services ended at once with exit code {code}.\n{_tail(log_path)}")
        recorded = read_services(place)
        if recorded is not None and recorded["clickhouse"]["pid"] == process.pid and _answers(recorded):
            return _services(place, recorded, True)
        time.sleep(0.03)
    raise ServicesError(f"The local services did not answer within {READY_SECONDS} s.\n{_tail(log_path)}")


def _services_of_others(place: Home) -> Services | None:
    """Services that another process started, once they answer; None when they have ended by then."""
    try:
        recorded = _wait_for_record(place)
    except ServicesError:
        if is_locked(place.lock_file):
            raise
        return None
    return _services(place, recorded, False)


def _wait_for_record(place: Home) -> dict:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and is_locked(place.lock_file):
        recorded = read_services(place)
        if recorded is not None and _answers(recorded):
            return recorded
        time.sleep(0.05)
    raise ServicesError(
        f"Another process holds {place.lock_file}, but its services do not answer. "
        f"See {place.logs / 'services.log'}; end that process, then try again."
    )


def _answers(recorded: dict) -> bool:
    address = (recorded["clickhouse"]["host"], recorded["clickhouse"]["port"])
    try:
        with socket.create_connection(address, timeout=2) as line:
            line.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
            return line.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _wait_until_unlocked(place: Home, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not is_locked(place.lock_file):
            return True
        time.sleep(0.03)
    return False


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log_path: Path) -> str:
    lines = log_path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:] if log_path.exists() else []
    return "\n".join([f"The end of {log_path}:", *lines])


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs a home's ClickHouse endpoint and lake until Ctrl-C or SIGTERM.")
    parser.add_argument("--home", type=Path, required=True, help="folder for data, logs, secrets and services.json")
    home = parser.parse_args().home
    keep_private()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        services = start_services(home, bound_to_us=True)
    except ServicesError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        print(f"ClickHouse endpoint {services.url}\nLake {services.lake_endpoint_url}", flush=True)
        print(f"Passwords and keys: {services.home / 'services.json'}\nCtrl-C stops both.", flush=True)
        while services_status(home).is_running:
            time.sleep(0.5)
        print(f"The services ended by themselves; see {services.home / 'logs'}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        stop_services(home)


if __name__ == "__main__":
    sys.exit(main())
