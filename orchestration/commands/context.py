"""The warehouse, opened for one command: local services are started when none run, and stopped if we started them."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.commands.display import print_note
from orchestration.machine.locks import wait_for_lock
from orchestration.machine.private import make_private
from orchestration.resources.dagster_instance import write_dagster_config
from orchestration.settings import Settings, load_settings, warehouse_home, warehouse_target

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from orchestration.resources.lake import S3Lake


@dataclass(frozen=True)
class CommandContext:
    """Settings and connections of one command. Connections open when they are asked for."""

    settings: Settings

    def connect(self, **options) -> "Client":
        from orchestration.resources.warehouse import connect

        return connect(self.settings, **options)

    def connect_prepared(self) -> "Client":
        """A connection to a warehouse whose ledger exists, empty at first."""
        from orchestration.loading import prepare_warehouse

        client = self.connect()
        prepare_warehouse(client, self.settings)
        return client

    def lake(self) -> "S3Lake":
        from orchestration.resources.lake import connect_lake

        return connect_lake(self.settings)


@contextmanager
def open_warehouse() -> Iterator[CommandContext]:
    """The warehouse of the settings. On `server` and `cluster` nothing is ever started."""
    home = warehouse_home()
    if warehouse_target() != "local":
        if home.exists():
            close_home(home)
        yield CommandContext(load_settings())
        return
    with local_services(home):
        yield CommandContext(load_settings())


@contextmanager
def local_services(home: Path) -> Iterator[None]:
    """The services of the home for the length of a block.

    They end with the command that started them. Other commands may use them by then, so that one waits for them.
    """
    from orchestration.embedded.services import running_services

    close_home(home)
    # The mark comes first: who stops the services holds it alone while they go down.
    with in_use(home) as in_use_lock, running_services(home) as services:
        try:
            yield
        except Exception:
            _wait_until_unused(in_use_lock, services.is_ours)
            raise
        _wait_until_unused(in_use_lock, services.is_ours)


def close_home(home: Path) -> None:
    """Make the home and keep it private, with a word to the user where it was not."""
    note = make_private(home)
    if note:
        print_note(note)


@contextmanager
def in_use(home: Path) -> Iterator[int]:
    """A mark, gone when this process is, that the services are needed."""
    descriptor = os.open(home / "in_use.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        wait_for_lock(descriptor, fcntl.LOCK_SH, lambda: print_note("Waiting for the local services to stop …"))
        yield descriptor
    finally:
        os.close(descriptor)


def _wait_until_unused(descriptor: int, is_ours: bool) -> None:
    if not is_ours:
        return
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    print_note("Another command still uses the local services; they stop when it is done (Ctrl-C stops them now).")
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def mark_dead_runs(home: Path, is_up_starting: bool = False) -> None:
    """Tell Dagster of runs whose process was killed, and the user as well."""
    from dagster import DagsterInstance

    from orchestration.resources.dead_runs import end_dead_runs

    with DagsterInstance.from_config(str(write_dagster_config(home))) as instance:
        for sentence in end_dead_runs(instance, home, is_up_starting):
            print_note(sentence)
