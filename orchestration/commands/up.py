"""`warehouse up`: the local services and Dagster in the foreground, all of it gone when it ends."""

import os
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from orchestration.alerts.channel import LOG as ALERT_LOG
from orchestration.commands.children import Child, Children
from orchestration.commands.context import CommandContext, close_home, local_services, mark_dead_runs
from orchestration.commands.display import Stages, output, print_note, shown_stages
from orchestration.commands.errors import CommandError, one_line
from orchestration.commands.ports import free_ports, responds, ui_port
from orchestration.commands.webserver import HOST
from orchestration.dbt_process.warm import KeptWarm
from orchestration.machine.locks import take_lock
from orchestration.machine.logs import NewLines, keep_small
from orchestration.pages.places import START_PAGE
from orchestration.resources.run_locks import killed_runs
from orchestration.settings import load_settings, ui_hosts, warehouse_home, warehouse_target

DEFINITIONS = "orchestration.definitions"
WATCH_SECONDS = 0.5
TIDY_SECONDS = 3600.0
LINGER_SECONDS = 10.0
"""How long services may take to end whose command was killed."""


def serve_until_stopped(with_realtime: bool = False, with_dashboards: bool = False, with_browser: bool = False) -> int:
    """Run until Ctrl-C or SIGTERM; 0 unless something ended by itself too often."""
    home = warehouse_home()
    ui_hosts()  # What is wrong with it is said here, not in the webserver's log.
    with only_one(home), ExitStack() as stack:
        if warehouse_target() == "local":
            stack.enter_context(own_services(home))
        warehouse = CommandContext(load_settings())
        warehouse.connect_prepared()
        children = Children(home / "logs")
        stack.callback(children.stop)
        with shown_stages() as stages:
            url = start_dagster(warehouse, children, stages)
        print_addresses(warehouse, url)
        if with_dashboards:
            children.adopt(start_dashboards(warehouse, stack))
        if with_browser:
            webbrowser.open(f"{url}{START_PAGE}")
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


def start_dagster(warehouse: CommandContext, children: Children, stages: Stages) -> str:
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
    code_port, port = free_ports(1)[0], ui_port(home / "up.port")
    workspace = write_workspace(dagster_home, code_port)
    code_server = ["code-server", "start", "-m", DEFINITIONS, "-h", HOST, "-p", str(code_port)]
    children.start("code server", ["dagster", *code_server])
    webserver = ["orchestration.commands.webserver", str(code_port)]
    webserver += ["-h", HOST, "-p", str(port), "-w", str(workspace)]
    children.start("webserver", webserver)
    if not is_new:  # While they start: importing Dagster takes seconds here as well.
        mark_dead_runs(home, is_up_starting=True)
    url = f"http://{HOST}:{port}"
    children.wait_until(lambda: responds(f"{url}/server_info"), "Dagster's webserver")
    # The daemon waits for its first tick in any case; started before, it would take the webserver's time.
    children.start("daemon", ["dagster._daemon", "run", "-w", str(workspace)])
    (home / "up.url").write_text(url + "\n")
    return url


def start_dashboards(warehouse: CommandContext, stack: ExitStack) -> Child:
    """The dashboards beside Dagster, for as long as `up` runs."""
    from orchestration.commands import bi

    started = stack.enter_context(bi.dashboards_beside(warehouse))
    bi.print_addresses(started)
    return Child("dashboards", started.server, started.place.log)


def write_workspace(dagster_home: Path, code_port: int) -> Path:
    """Dagster's file that names the code server."""
    workspace = dagster_home / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server:\n      host: {HOST}\n      port: {code_port}\n      location_name: warehouse\n"
    )
    return workspace


def watch(children: Children, home: Path, warm: KeptWarm, tend: Callable[[], None] = lambda: None) -> int:
    """Wait for Ctrl-C or SIGTERM, start again what crashes, keep dbt warm, mark runs that were killed, show alerts.

    `tend` is called at each look.
    """
    alerts, tidied_at = NewLines(home / ALERT_LOG), -TIDY_SECONDS
    try:
        while True:
            children.tend()
            tend()
            warm.renew()
            if time.monotonic() - tidied_at > TIDY_SECONDS:
                tidied_at = time.monotonic()
                keep_small(home / ALERT_LOG)
                try_to_tidy(home)
            for line in alerts.read():
                print_note(line)
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


def try_to_tidy(home: Path) -> None:
    """Forget old runs and logs of Dagster; where that fails, `up` goes on and says so."""
    from dagster import DagsterInstance

    from orchestration.resources.dagster_instance import write_dagster_config
    from orchestration.resources.old_runs import tidy

    try:
        with DagsterInstance.from_config(str(write_dagster_config(home))) as instance:
            tidy(instance)
    except Exception as error:
        print_note(f"Old runs of Dagster cannot be deleted now: {one_line(str(error))[:300]}")


def print_addresses(warehouse: CommandContext, url: str) -> None:
    """The addresses, and where the passwords are; never the passwords."""
    from orchestration.expectations.data_docs import served_address

    settings = warehouse.settings
    lines = [
        ("Start here", f"{url}{START_PAGE}"),
        ("Dagster", url),
        ("ClickHouse", settings.clickhouse.url),
        ("Lake", f"{settings.lake.endpoint_url or 'AWS S3'}, bucket {settings.lake.bucket}"),
        ("Data Docs", served_address(settings)),
        ("Logs", str(settings.home / "logs")),
    ]
    if settings.target == "local":
        secrets = settings.home / "services.json"
        lines.insert(2, ("BI tools", f"user bi_reader, its password is in {secrets} under bi_reader"))
    for name, value in lines:
        output().print(f"{name:<12}{value}", markup=False, soft_wrap=True)
    output().print("Sensors and schedules are on. Ctrl-C stops everything.", markup=False)
    sys.stdout.flush()
