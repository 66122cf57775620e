"""The warehouse, opened for one command: local services are started when none run, and stopped if we started them."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.settings import Settings, load_settings, warehouse_home, warehouse_target

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from orchestration.resources.lake import S3Lake


@dataclass(frozen=True)
class Opened:
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
def opened_warehouse() -> Iterator[Opened]:
    """The warehouse of the settings. On `server` and `cluster` nothing is ever started."""
    if warehouse_target() != "local":
        yield Opened(load_settings())
        return
    home = warehouse_home()
    with local_services(home):
        yield Opened(load_settings())


@contextmanager
def local_services(home: Path) -> Iterator[None]:
    """The services of the home for the length of a block.

    They end with the command that started them. Other commands may use them by then, so that one waits for them.
    """
    from orchestration.embedded.services import running_services

    home.mkdir(parents=True, exist_ok=True)
    # The mark comes first: who stops the services holds it alone while they go down.
    with in_use(home) as in_use_lock, running_services(home) as services:
        try:
            yield
        except Exception:
            _wait_until_unused(in_use_lock, services.is_ours)
            raise
        _wait_until_unused(in_use_lock, services.is_ours)


@contextmanager
def in_use(home: Path) -> Iterator[int]:
    """A mark, gone when this process is, that the services are needed."""
    descriptor = os.open(home / "in_use.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield descriptor
    finally:
        os.close(descriptor)


def _wait_until_unused(descriptor: int, is_ours: bool) -> None:
    if not is_ours:
        return
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    from orchestration.commands.display import print_note

    print_note("Another command still uses the local services; they stop when it is done (Ctrl-C stops them now).")
    fcntl.flock(descriptor, fcntl.LOCK_EX)
