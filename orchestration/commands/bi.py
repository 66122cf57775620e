"""`warehouse bi`: the dashboards as a process that this command starts, watches and stops."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.commands.context import CommandContext, close_home, open_warehouse
from orchestration.commands.display import Stages, output, print_note, shown_stages
from orchestration.commands.errors import CommandError
from orchestration.commands.ports import free_ports, responds
from orchestration.dashboards.process import (
    HOST,
    DashboardFiles,
    install,
    make_logins,
    read_users,
    run_assistant,
    server_environment,
    stages_of,
    start_server,
    users_file,
)
from orchestration.machine.locks import is_locked, take_lock
from orchestration.machine.private import write_private
from orchestration.settings import PROJECT_ROOT, reader_settings, warehouse_home

USUAL_PORT = 8088
READY_SECONDS = 300
DETACHED_SECONDS = 1800
STOP_SECONDS = 20
WATCH_SECONDS = 0.3
LOG_TAIL_LINES = 8
LONGEST_LIST = 12


@dataclass(frozen=True)
class Started:
    """Dashboards that answer."""

    place: DashboardFiles
    url: str
    server: subprocess.Popen
    users: list[dict[str, str]]
    logins: dict[str, str]


def keep_bi(port: int | None) -> int:
    """Serve until Ctrl-C or SIGTERM; 0 unless the server ended by itself."""
    with open_warehouse() as warehouse, dashboards_beside(warehouse, port) as started:
        print_addresses(started)
        return watch(started.place, started.server)


@contextmanager
def dashboards_beside(warehouse: CommandContext, port: int | None = None) -> Iterator[Started]:
    """The dashboards of an opened warehouse for the length of a block. Raises CommandError when they do not come up."""
    place = DashboardFiles(warehouse.settings.home)
    with only_one_bi(place):
        refuse_without_marts(warehouse)
        users = read_users(users_file())
        environment = server_environment(place, reader_settings(warehouse.settings))
        logins = make_logins(place, users)
        port = port or usual_port(place)
        with shown_stages() as stages:
            stages.start("Installing Superset")
            stages.finish("" if install(place) else "it is there")
            server = start_server(place, environment, port)
            try:
                wait_until_ready(place, server, port, stages)
            except BaseException:
                end(server)
                raise
        url = f"http://{HOST}:{port}"
        write_private(place.record, {"url": url, "port": port, "pid": os.getpid()})
        try:
            yield Started(place, url, server, users, logins)
        finally:
            end(server)


@contextmanager
def only_one_bi(place: DashboardFiles) -> Iterator[None]:
    """One server of dashboards per home."""
    close_home(place.home)
    place.folder.mkdir(mode=0o700, exist_ok=True)
    lock = take_lock(place.lock_file)
    if lock is None:
        raise CommandError(
            f"The dashboards of {place.home} already run{_where(place)}. Use them, or stop them with 'warehouse bi "
            "stop'."
        )
    _forget_running(place)
    try:
        yield
    finally:
        _forget_running(place)
        os.close(lock)


def refuse_without_marts(warehouse: CommandContext) -> None:
    """Dashboards over nothing show errors in every chart."""
    client = warehouse.connect()
    if not client.query("exists table marts.agg_data_watermark").result_rows[0][0]:
        raise CommandError(
            "There are no marts yet, so that dashboards would be empty. Run 'warehouse demo', or 'warehouse put' and "
            "'warehouse run', then try again."
        )


def usual_port(place: DashboardFiles) -> int:
    """The port of the last start, so that links stay good; else 8088, else any that is free."""
    remembered = place.folder / "port"
    wanted = [int(remembered.read_text())] if remembered.exists() else []
    port = next((port for port in [*wanted, USUAL_PORT] if _is_free(port)), None) or free_ports(1)[0]
    remembered.write_text(str(port))
    return port


def _is_free(port: int) -> bool:
    import socket

    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind((HOST, port))
        except OSError:
            return False
    return True


def wait_until_ready(place: DashboardFiles, server: subprocess.Popen, port: int, stages: Stages) -> None:
    """Show the server's stages until it answers. Raises CommandError when it ends or takes too long."""
    looks = stages_of(place.log, stages.start)
    deadline = time.monotonic() + READY_SECONDS
    while True:
        next(looks)
        _raise_if_ended(place, server)
        if responds(f"http://{HOST}:{port}/health"):
            return
        if time.monotonic() > deadline:
            raise CommandError(f"Superset does not answer after {READY_SECONDS} s; see {place.log}.")
        time.sleep(WATCH_SECONDS)


def _raise_if_ended(place: DashboardFiles, server: subprocess.Popen) -> None:
    code = server.poll()
    if code is not None:
        tail = "\n".join(place.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        raise CommandError(f"Superset ended by itself with exit code {code}; see {place.log}. Its last lines:\n{tail}")


def watch(place: DashboardFiles, server: subprocess.Popen) -> int:
    """Wait for Ctrl-C or SIGTERM; a server that ends by itself is an error."""
    try:
        while True:
            _raise_if_ended(place, server)
            time.sleep(WATCH_SECONDS)
    except (KeyboardInterrupt, SystemExit):
        print_note("Stopping …")
        return 0


def end(server: subprocess.Popen) -> None:
    """End the server and all that it started. A second Ctrl-C does not interrupt this."""
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for sign, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(seconds)
                return
    finally:
        signal.signal(signal.SIGINT, former)


def print_addresses(started: Started) -> None:
    """The address, and the logins of this home."""
    users = started.users

    def say(text: str) -> None:
        output().print(text, markup=False, soft_wrap=True)

    say(f"Dashboards  {started.url}")
    for row in users[:LONGEST_LIST]:
        courses = "" if row["courses"] == "all" else f" (courses {row['courses']})"
        output().print(
            f"  {row['user']:<12}{started.logins[row['user']]:<20}{row['role']}{courses}", markup=False, soft_wrap=True
        )
    output().print(
        f"Passwords are in {started.place.logins}; one that was changed in the UI is not.", markup=False, soft_wrap=True
    )
    output().print("Ctrl-C or 'warehouse bi stop' stops them.", markup=False)
    sys.stdout.flush()


def start_detached(port: int | None) -> int:
    """The same command in the background; returns when it serves. Raises CommandError when it does not come up."""
    place = DashboardFiles(warehouse_home())
    if is_locked(place.lock_file):
        raise CommandError(f"The dashboards of {place.home} already run{_where(place)}.")
    close_home(place.home)
    log = place.home / "logs" / "bi.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", "from orchestration.cli import main; main()", "bi"]
    command += ["--port", str(port)] if port else []
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    print_note(f"Starting; the first start takes a minute or two. Progress is in {log}.")
    deadline = time.monotonic() + DETACHED_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CommandError(f"The dashboards did not start: {' '.join(log.read_text().split())[-600:]}")
        if place.record.exists():
            time.sleep(WATCH_SECONDS)
            text = log.read_text()
            output().print(text[text.index("Dashboards  ") :].rstrip(), markup=False, soft_wrap=True)
            return 0
        time.sleep(WATCH_SECONDS)
    raise CommandError(f"The dashboards do not answer after {DETACHED_SECONDS} s; see {log}.")


def stop_bi() -> int:
    """Stop what runs on this home; 0 when nothing does."""
    place = DashboardFiles(warehouse_home())
    if not is_locked(place.lock_file):
        print_note(f"No dashboards run on {place.home}.")
        return 0
    recorded = running(place)
    if recorded is None:
        raise CommandError("The dashboards are just starting; try again in a minute.")
    os.kill(recorded["pid"], signal.SIGTERM)
    deadline = time.monotonic() + 2 * STOP_SECONDS
    while is_locked(place.lock_file):
        if time.monotonic() > deadline:
            raise CommandError(f"The dashboards (pid {recorded['pid']}) do not stop; see {place.log}.")
        time.sleep(WATCH_SECONDS)
    print_note("Stopped.")
    return 0


def running(place: DashboardFiles) -> dict | None:
    """Address and pid of the dashboards that run on this home; None while they start."""
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        return json.loads(place.record.read_text())
    return None


def _where(place: DashboardFiles) -> str:
    recorded = running(place)
    return f" at {recorded['url']}" if recorded else ""


def _forget_running(place: DashboardFiles) -> None:
    place.record.unlink(missing_ok=True)


def export_bi(out: Path | None) -> int:
    """Charts and dashboards from the UI into files; says which files changed."""
    from orchestration.dashboards.export import export_to

    place = DashboardFiles(warehouse_home())
    if not (place.folder / "superset.db").exists():
        raise CommandError(f"No dashboards were started on {place.home} yet. Run 'warehouse bi' first.")
    changed = export_to(place, out)
    for name in changed:
        output().print(name, markup=False, soft_wrap=True)
    print_note(f"{len(changed)} files changed." if changed else "Nothing differs from the files.")
    return 0


def serve_assistant(user: str) -> int:
    """Serve an assistant until it closes standard input; returns the service's exit code.

    Raises CommandError when the dashboards were never started here, or have no such user.
    """
    place = DashboardFiles(warehouse_home())
    if not (place.folder / "superset.db").exists():
        raise CommandError(f"No dashboards were started on {place.home} yet. Run 'warehouse bi' first.")
    names = [row["user"] for row in read_users(users_file())]
    if user not in names:
        raise CommandError(f"The dashboards have no user '{user}'; there are {', '.join(names)}.")
    install(place)
    with open_warehouse() as warehouse:
        return run_assistant(place, server_environment(place, reader_settings(warehouse.settings)), user)
