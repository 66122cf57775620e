"""`warehouse up`: the local services and Dagster in the foreground, all of it gone when it ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.commands.display import Stages, output, print_note, shown_stages
from orchestration.commands.errors import CommandError, one_line
from orchestration.commands.opened import Opened, close_home, local_services, mark_dead_runs
from orchestration.commands.webserver import HOST
from orchestration.dbt_process.warm import KeptWarm
from orchestration.machine.lifetimes import tied_to_us
from orchestration.machine.locks import take_lock
from orchestration.machine.logs import keep_small
from orchestration.resources.run_locks import killed_runs
from orchestration.settings import PROJECT_ROOT, load_settings, ui_hosts, warehouse_home, warehouse_target

DEFINITIONS = "orchestration.definitions"
READY_SECONDS = 180
STOP_SECONDS = 15
WATCH_SECONDS = 0.5
LINGER_SECONDS = 10.0
"""How long services may take to end whose command was killed."""


@dataclass(frozen=True)
class Child:
    """A process of Dagster that `up` keeps running."""

    name: str
    process: subprocess.Popen
    log_path: Path


def keep_up(with_realtime: bool = False) -> int:
    """Run until Ctrl-C or SIGTERM; 0 unless something ended by itself."""
    home = warehouse_home()
    ui_hosts()  # What is wrong with it is said here, not in the webserver's log.
    with only_one(home), ExitStack() as stack:
        if warehouse_target() == "local":
            stack.enter_context(own_services(home))
        warehouse = Opened(load_settings())
        warehouse.connect_prepared()
        children: list[Child] = []
        stack.callback(stop, children)
        with shown_stages() as stages:
            url = start_dagster(warehouse, children, stages)
        say_where(warehouse, url)
        tend = stack.enter_context(realtime_path()) if with_realtime else lambda: None
        return watch(children, home, stack.enter_context(KeptWarm(home)), tend)


def realtime_path() -> AbstractContextManager[Callable[[], None]]:
    """The real-time path beside Dagster; an extra, imported only when it is asked for."""
    from orchestration.commands.realtime.up import running_path

    return running_path()


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """One `up` per home."""
    close_home(home)
    address = home / "up.url"
    lock = take_lock(home / "up.lock")
    if lock is None:
        where = f" at {address.read_text().strip()}" if address.exists() else ""
        raise CommandError(
            f"'warehouse up' already runs on {home}{where}. Use it, stop it with Ctrl-C, or set WAREHOUSE_HOME to "
            "another folder."
        )
    address.unlink(missing_ok=True)
    try:
        yield
    finally:
        address.unlink(missing_ok=True)
        os.close(lock)


@contextmanager
def own_services(home: Path) -> Iterator[None]:
    """Local services that live as long as `up`: those of another command would end with it."""
    from orchestration.embedded.services import ServicesAlreadyRunning, services_status

    if services_status(home).is_running:
        print_note("Waiting for the services of another command to stop …")
    deadline = time.monotonic() + LINGER_SECONDS
    while (status := services_status(home)).is_running and time.monotonic() < deadline:
        time.sleep(0.1)
    if status.is_running:
        pid = f" (pid {status.services.pid})" if status.services else ""
        raise ServicesAlreadyRunning(
            f"Another command runs the services of {home}{pid}. Wait until it ends, or stop it, then try again."
        )
    with local_services(home):
        yield


def start_dagster(warehouse: Opened, children: list[Child], stages: Stages) -> str:
    """Start the code server, the webserver and the daemon; the URL of the UI once it answers."""
    from orchestration.assets.dbt_project import prepare_manifest
    from orchestration.resources.dagster_instance import write_dagster_config

    home = warehouse.settings.home
    dagster_home = write_dagster_config(home)
    stages.start("Reading the models")
    os.environ.update(warehouse.settings.as_environment())
    prepare_manifest()
    stages.start("Starting Dagster")
    is_new = not (dagster_home / "history" / "runs.db").exists()
    if is_new:  # Dagster's databases are made here: by several processes at once, one of them fails.
        mark_dead_runs(home, is_up_starting=True)
    code_port, ui_port = free_ports(1)[0], lasting_port(home / "up.port")
    workspace = write_workspace(dagster_home, code_port)
    code_server = ["code-server", "start", "-m", DEFINITIONS, "-h", HOST, "-p", str(code_port)]
    children.append(start_child("code server", ["dagster", *code_server], home))
    webserver = ["orchestration.commands.webserver", str(code_port)]
    webserver += ["-h", HOST, "-p", str(ui_port), "-w", str(workspace)]
    children.append(start_child("webserver", webserver, home))
    if not is_new:  # While they start: importing Dagster takes seconds here as well.
        mark_dead_runs(home, is_up_starting=True)
    url = f"http://{HOST}:{ui_port}"
    wait_until(lambda: responds(f"{url}/server_info"), children, "Dagster's webserver")
    # The daemon waits for its first tick in any case; started before, it would take the webserver's time.
    children.append(start_child("daemon", ["dagster._daemon", "run", "-w", str(workspace)], home))
    (home / "up.url").write_text(url + "\n")
    return url


def write_workspace(dagster_home: Path, code_port: int) -> Path:
    """Dagster's file that names the code server."""
    workspace = dagster_home / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server:\n      host: {HOST}\n      port: {code_port}\n      location_name: warehouse\n"
    )
    return workspace


def start_child(name: str, module: list[str], home: Path) -> Child:
    """A module of Dagster as a process group of its own, so that all it starts can be ended with it.

    Even a killed `up` leaves nothing behind: they watch it (see `command_lines`).
    """
    log_path = home / "logs" / f"dagster-{name.replace(' ', '-')}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    log_path.unlink(missing_ok=True)
    with log_path.open("ab") as log:  # appending, so that it can be cut while it is written
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=PROJECT_ROOT,
            env=os.environ | tied_to_us(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return Child(name, process, log_path)


def wait_until(is_ready, children: list[Child], what: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not is_ready():
        _raise_if_ended(children)
        if time.monotonic() > deadline:
            raise CommandError(f"{what} does not answer after {READY_SECONDS} s; see {children[-1].log_path}.")
        time.sleep(0.2)


def _raise_if_ended(children: list[Child]) -> None:
    for child in children:
        code = child.process.poll()
        if code is not None:
            raise CommandError(f"Dagster's {child.name} ended by itself with exit code {code}; see {child.log_path}.")


def watch(children: list[Child], home: Path, warm: KeptWarm, tend: Callable[[], None] = lambda: None) -> int:
    """Wait for Ctrl-C or SIGTERM, keep dbt warm and mark runs that were killed; a child of Dagster that ends by itself
    is an error. `tend` is called at each look."""
    try:
        while True:
            _raise_if_ended(children)
            tend()
            warm.renew()
            for child in children:
                keep_small(child.log_path)
            if killed_runs(home):
                try_to_mark_dead_runs(home)
            time.sleep(WATCH_SECONDS)
    except (KeyboardInterrupt, SystemExit):
        print_note("Stopping …")
        return 0


def try_to_mark_dead_runs(home: Path) -> None:
    """Dagster's database may be busy, or the disk full: `up` goes on, and looks again."""
    try:
        mark_dead_runs(home)
    except Exception as error:
        print_note(f"Runs that were killed cannot be marked as failed now: {one_line(str(error))[:300]}")
        time.sleep(LINGER_SECONDS)


def stop(children: list[Child]) -> None:
    """End all children and whatever they started, the last one first. A second Ctrl-C does not interrupt this."""
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for child in reversed(children):
            _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
        # A run is in the daemon's group, and may need longer than the daemon to stop in order.
        while any(_signal_group(child, 0) for child in children) and time.monotonic() < deadline:
            time.sleep(0.1)
        for child in children:
            _signal_group(child, signal.SIGKILL)
            child.process.wait()
    finally:
        signal.signal(signal.SIGINT, former)


def _signal_group(child: Child, sign: int) -> bool:
    """Whether the group still has a process; 0 is no signal, and only asks."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, sign)
        return True
    return False


def lasting_port(file: Path) -> int:
    """The port of the last start when it is free, so that bookmarks and a proxy's configuration stay good."""
    recorded = file.read_text().strip() if file.exists() else ""
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((HOST, int(recorded or 0)))
        except (OSError, ValueError, OverflowError):
            candidate.bind((HOST, 0))
        port = candidate.getsockname()[1]
    file.write_text(f"{port}\n")
    return port


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def responds(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def say_where(warehouse: Opened, url: str) -> None:
    """The addresses, and where the passwords are; never the passwords."""
    from orchestration.expectations.data_docs import docs_address

    settings = warehouse.settings
    lines = [
        ("Dagster", url),
        ("ClickHouse", settings.clickhouse.url),
        ("Lake", f"{settings.lake.endpoint_url or 'AWS S3'}, bucket {settings.lake.bucket}"),
        ("Data Docs", docs_address(settings)),
        ("Logs", str(settings.home / "logs")),
    ]
    if settings.target == "local":
        secrets = settings.home / "services.json"
        lines.insert(2, ("BI tools", f"user bi_reader, its password is in {secrets} under bi_reader"))
    for name, value in lines:
        output().print(f"{name:<12}{value}", markup=False, soft_wrap=True)
    output().print("Sensors and schedules are on. Ctrl-C stops everything.", markup=False)
    sys.stdout.flush()
