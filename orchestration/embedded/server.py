"""The process that owns a home's data folder: it runs the endpoint and keeps the lake beside it.

Started by `services`, never by hand: `python -m orchestration.embedded.server --home DIR [--parent PID]`.
It ends on SIGTERM, when the lake dies, or when its parent has ended and no other command uses the services; the lake
never outlives it.
"""

import argparse
import asyncio
import contextlib
import errno
import logging
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

os.environ["TZ"] = "UTC"
time.tzset()

import uvicorn  # noqa: E402  (the engine reads TZ when it is loaded)

from orchestration.embedded.access import ADMIN_USER, READER_USER, User, Users  # noqa: E402
from orchestration.embedded.connections import Engine  # noqa: E402
from orchestration.embedded.engine_config import write_engine_config  # noqa: E402
from orchestration.embedded.errors import EngineError  # noqa: E402
from orchestration.embedded.home import (  # noqa: E402
    Home,
    Secrets,
    load_or_create_secrets,
    read_ports,
)
from orchestration.embedded.http_interface import HttpInterface  # noqa: E402
from orchestration.embedded.lake import HOST, LakeFailed, LakeProcess, start_lake  # noqa: E402
from orchestration.embedded.protocol import LARGEST_HEAD, PatientProtocol  # noqa: E402
from orchestration.machine.locks import take_lock  # noqa: E402
from orchestration.machine.logs import keep_small  # noqa: E402
from orchestration.machine.private import HomeNotPrivate, keep_private, write_private  # noqa: E402

EXIT_ALREADY_RUNNING = 3  # as `services` expects it
EXIT_FAILED = 4
# A probe of the lock by another process lasts microseconds; a server that runs keeps it.
LOCK_WAIT_SECONDS = 1.0
WATCH_SECONDS = 0.25
LOG_SECONDS = 10.0
ACCEPT_LOG_SECONDS = 60.0
# Each connection of a client, each part of a table that is read and each pipe takes one.
DESCRIPTORS = 65_536
log = logging.getLogger("endpoint")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--parent", type=int, default=0, help="end when this process is no longer the parent")
    chosen = parser.parse_args(arguments)
    keep_private()
    allow_descriptors()
    home = Home(chosen.home.resolve())
    try:
        home.create()
    except HomeNotPrivate as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED
    lock = take_lock(home.lock_file, LOCK_WAIT_SECONDS)
    if lock is None:
        print(f"The services of {home.path} are already running.", file=sys.stderr)
        return EXIT_ALREADY_RUNNING
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    try:
        return run(home, chosen.parent)
    except (EngineError, LakeFailed, OSError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return EXIT_FAILED
    finally:
        os.close(lock)


def run(home: Home, parent: int) -> int:
    """Starts lake, engine and endpoint, records them, serves until told to stop, and takes all down again."""
    secrets = load_or_create_secrets(home)
    ports = read_ports(home)
    lake = start_lake(home, secrets, ports.get("lake", 0))
    home.services_file.unlink(missing_ok=True)
    listener = bind_listener(ports.get("clickhouse", 0))
    write_private(home.ports_file, {"clickhouse": listener.getsockname()[1], "lake": lake.port})
    try:
        shutil.rmtree(home.temporary, ignore_errors=True)
        # Another start makes the home's folders before it finds the lock taken, perhaps this one just now.
        home.temporary.mkdir(parents=True, exist_ok=True)
        tempfile.tempdir = str(home.temporary)  # also for what comes with forms: on the disk that holds the data
        config = write_engine_config(home.temporary)
        # Seen from the home, no path holds a `?` or `&`, which would end the path in chDB's connection string.
        os.chdir(home.path)
        engine = Engine(os.path.relpath(home.engine_data), os.path.relpath(config))
        users = Users(
            [User(ADMIN_USER, secrets.admin_password), User(READER_USER, secrets.reader_password, is_reader=True)]
        )
        interface = HttpInterface(engine, users, str(home.temporary))
        description = describe(secrets, listener.getsockname()[1], lake)
        asyncio.run(serve(home, interface, listener, lake, description, parent))
        return 0
    finally:
        listener.close()
        home.services_file.unlink(missing_ok=True)
        lake.stop()
        shutil.rmtree(home.temporary, ignore_errors=True)


class EndpointServer(uvicorn.Server):
    """uvicorn without its signal handling, which ends the process before the lake and the files are tidied up."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.stop)
        yield

    def stop(self) -> None:
        self.should_exit = True


async def serve(
    home: Home, interface: HttpInterface, listener: socket.socket, lake: LakeProcess, description: dict, parent: int
) -> None:
    """Serves until SIGTERM, the parent's end or the lake's."""
    config = uvicorn.Config(
        interface,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        http=PatientProtocol,
        ws="none",
        # asyncio tries to accept so many connections at once, and logs each that fails.
        backlog=128,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=2,
    )
    asyncio.get_running_loop().set_exception_handler(RareFaults())
    server = EndpointServer(config)
    watch = asyncio.create_task(watch_surroundings(server, lake, parent, home.in_use_lock_file))
    expiry = asyncio.create_task(interface.expire_sessions())
    logs = asyncio.create_task(keep_logs_small(home.logs))
    write_private(home.services_file, description)
    log.info("ready: endpoint on port %d, lake on port %d", listener.getsockname()[1], lake.port)
    try:
        await server.serve(sockets=[listener])
    finally:
        watch.cancel()
        expiry.cancel()
        logs.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch
        await interface.close()
        log.info("stopped")


async def watch_surroundings(server: EndpointServer, lake: LakeProcess, parent: int, in_use: Path) -> None:
    """Asks the server to stop when no process is left to serve, or when half of the services is gone.

    The parent may have been killed while another command uses the services: they serve that one to its end. With
    `in_use` locked, a command that comes now waits until this process has ended, and then starts its own.
    """
    while not server.should_exit:
        if parent and os.getppid() != parent and take_lock(in_use) is not None:
            log.info("the process that started the services has ended")
            server.stop()
        elif lake.process.poll() is not None:
            log.error("the lake ended with exit code %s; see lake.log", lake.process.returncode)
            server.stop()
        await asyncio.sleep(WATCH_SECONDS)


async def keep_logs_small(folder: Path) -> None:
    """Ends when cancelled."""
    while True:
        await asyncio.sleep(LOG_SECONDS)
        for name in ("services.log", "lake.log"):
            await asyncio.to_thread(keep_small, folder / name)


class RareFaults:
    """The loop's faults as lines of the log; a lack of descriptors, which comes thousandfold, once a minute."""

    def __init__(self) -> None:
        self._said_at = -ACCEPT_LOG_SECONDS

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            if loop.time() - self._said_at < ACCEPT_LOG_SECONDS:
                return
            self._said_at = loop.time()
        frames = "".join(traceback.format_tb(error.__traceback__)) if error is not None else ""
        log.error("%s: %s\n%s", context.get("message", "fault"), type(error).__name__, frames)


def allow_descriptors() -> None:
    """As many open files as the machine lets us have; some start a process with 256."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def bind_listener(preferred_port: int) -> socket.socket:
    """A listening socket on loopback, on the port of the last start when it is free, so that links stay good."""
    for port in (preferred_port, 0):
        # With the protocol named, asyncio switches Nagle's algorithm off; without, each answer waits 40 ms.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            listener.close()
            if port == 0:
                raise
            continue
        return listener
    raise AssertionError("unreachable: port 0 binds or raises")


def describe(secrets: Secrets, port: int, lake: LakeProcess) -> dict:
    """The content of services.json."""
    return {
        "clickhouse": {
            "host": HOST,
            "port": port,
            "user": ADMIN_USER,
            "password": secrets.admin_password,
            "pid": os.getpid(),
        },
        "bi_reader": {"user": READER_USER, "password": secrets.reader_password},
        "lake": {
            "endpoint_url": lake.endpoint_url,
            "access_key_id": secrets.lake_access_key_id,
            "secret_access_key": secrets.lake_secret_access_key,
            "pid": lake.process.pid,
        },
        "learner_id_key": secrets.learner_id_key,
    }


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(main())
