"""`warehouse realtime up`, and the part of `warehouse up --realtime` that is the same."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orchestration.commands.context import open_warehouse
from orchestration.commands.display import output, print_note
from orchestration.commands.errors import CommandError
from orchestration.commands.realtime.context import RealtimeContext, ask_for_extra, open_path, plain_errors
from orchestration.machine.locks import take_lock

TEND_SECONDS = 0.2


def keep_realtime_up(workers: int) -> int:
    """Run until Ctrl-C or SIGTERM; 0 unless an embedded service ended by itself."""
    ask_for_extra()
    with open_warehouse(), running_path(workers) as tend:
        try:
            while True:
                tend()
                time.sleep(TEND_SECONDS)
        except (KeyboardInterrupt, SystemExit):
            print_note("Stopping …")
            return 0


@contextmanager
def running_path(workers: int = 1) -> Iterator[Callable[[], None]]:
    """The whole path under supervision; call what this yields a few times a second."""
    ask_for_extra()
    from orchestration.realtime.settings import load_realtime_settings
    from orchestration.realtime.supervisor import supervised_path

    settings = load_realtime_settings()
    settings.logs.mkdir(parents=True, exist_ok=True)
    lock = take_lock(settings.home / "realtime.lock")
    if lock is None:
        raise CommandError(f"The real-time path already runs on {settings.home}. Use it, or stop it with Ctrl-C.")
    try:
        with open_path(settings) as path:
            supervisor = supervised_path(path.settings, path.environment, workers)
            _say_where(path)

            def tend() -> None:
                path.raise_if_ended()
                for child in supervisor.tend():
                    print_note(
                        f"{child.name} ended with exit code {child.last_code} and starts again; see {child.log_path}."
                    )

            try:
                yield tend
            finally:
                supervisor.stop()
    finally:
        os.close(lock)


def migrate_database() -> int:
    """Apply what is missing of the schema."""
    ask_for_extra()
    from orchestration.realtime.migrate import migrate
    from orchestration.realtime.settings import DATABASE, load_realtime_settings

    url = load_realtime_settings().database_url
    if not url:
        raise CommandError(f"{DATABASE} is not set. Write postgresql://user:password@host/name.")
    with plain_errors():
        migrate(url)
    output().print("The schema realtime is up to date. Roles: orchestration/realtime/migrations/roles.sql")
    return 0


def _say_where(path: RealtimeContext) -> None:
    from orchestration.realtime.settings import STATEMENTS_TOPIC

    settings = path.settings
    is_embedded = path.pair is not None
    lines = [
        ("Broker", f"{settings.kafka['bootstrap.servers']}{' (embedded, in memory)' if is_embedded else ''}"),
        ("Topic", f"{STATEMENTS_TOPIC}, key = the learner, value = the statement"),
        ("Actions", settings.webhook_url or "realtime.platform_actions: the platform reads them there"),
        ("Logs", str(settings.logs)),
    ]
    if is_embedded:
        lines.insert(1, ("Database", settings.database_url))
    for name, value in lines:
        output().print(f"{name:<12}{value}", markup=False, soft_wrap=True)
    output().print("The real-time path runs. Ctrl-C stops it.", markup=False)
    sys.stdout.flush()
