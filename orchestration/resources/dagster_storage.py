"""Dagster's SQLite databases with connections that stay open, named in `dagster.yaml`.

Dagster's own classes make an engine, connect and wait for the disk at each event: 507 events took 16 s, and take 1.6 s
here. What is committed survives the end of any process; a loss of power may take the last events of the log with it,
and never damages the file (WAL with synchronous=NORMAL).
"""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from dagster._core.event_api import EventHandlerFn
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    SqliteEventLogStorage,
    SqliteEventLogStorageWatchdog,
)
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool
from watchdog.events import FileSystemEvent
from watchdog.observers import Observer

OPEN_DATABASES = 16
"""Each run has a database of its own, and the UI may look at hundreds. Range 2..200; each is three open files."""

COMMIT_SECONDS = 0.02
"""SQLite writes to the log a moment before readers see the commit; the last event of a run has no successor to tell."""


class Databases:
    """Open engines by address, the latest used ones. A forked child opens its own and leaves its parent's alone."""

    def __init__(self) -> None:
        self._engines: OrderedDict[tuple[int, str], Engine] = OrderedDict()
        self._lock = threading.Lock()
        self._lock_owner = os.getpid()

    @contextmanager
    def connect(self, address: str) -> Iterator[Connection]:
        """A connection in a transaction, which is committed at the end."""
        with self.engine(address).connect() as connection, connection.begin():
            yield connection

    def engine(self, address: str) -> Engine:
        pid = os.getpid()
        if self._lock_owner != pid:  # at the moment of the fork another thread may have held it
            self._lock, self._lock_owner = threading.Lock(), pid
        with self._lock:
            engine = self._engines.get((pid, address)) or _open(address)
            self._engines[pid, address] = engine
            self._engines.move_to_end((pid, address))
            own = [key for key in self._engines if key[0] == pid]
            for key in own[:-OPEN_DATABASES]:
                self._engines.pop(key).dispose()
        return engine

    def close(self) -> None:
        """Close what this process has opened."""
        for key in [key for key in self._engines if key[0] == os.getpid()]:
            self._engines.pop(key).dispose()


def _open(address: str) -> Engine:
    """One connection stays open; a second one, of another thread, is closed after use."""
    engine = create_engine(
        address,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=-1,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )
    # WAL is set by Dagster when it makes the database.
    event.listen(engine, "connect", lambda connection, _: connection.execute("pragma synchronous = normal"))
    return engine


class _OneDatabase:
    """A storage of Dagster whose tables are all in one file."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._databases = Databases()
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self._databases.connect(self._conn_string) as connection:
            yield connection

    def dispose(self) -> None:
        self._databases.close()


class PooledRunStorage(_OneDatabase, SqliteRunStorage):
    """Runs and their tags."""


class PooledScheduleStorage(_OneDatabase, SqliteScheduleStorage):
    """Ticks and states of schedules and sensors."""


class PooledEventLogStorage(SqliteEventLogStorage):
    """Events: a database for each run, and one of what belongs to all."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._databases = Databases()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            address = self.conn_string_for_shard(shard)
            if shard not in self._initialized_dbs:
                self._initdb(self._databases.engine(address))
                self._initialized_dbs.add(shard)
            with self._databases.connect(address) as connection:
                yield connection

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        if not self._obs:
            self._obs = Observer()
            self._obs.start()
        watchdog = _WalWatchdog(self, run_id, callback, cursor)
        watch = self._obs.schedule(watchdog, self._base_dir, recursive=True)
        self._watchers[run_id][callback] = (watchdog, watch)

    def delete_events(self, run_id: str) -> None:
        """Dagster's own empties the run's database, which keeps its size."""
        super().delete_events(run_id)
        self._databases.close()
        self._initialized_dbs.discard(run_id)
        for file in Path(self._base_dir).glob(f"{run_id}.db*"):
            file.unlink(missing_ok=True)

    def wipe(self) -> None:
        self._databases.close()
        super().wipe()

    def dispose(self) -> None:
        super().dispose()
        self._databases.close()


class _WalWatchdog(SqliteEventLogStorageWatchdog):
    """Tells of new events of a run: they stand in the log beside the database until this is written back."""

    def __init__(
        self, storage: PooledEventLogStorage, run_id: str, callback: EventHandlerFn, cursor: str | None
    ) -> None:
        super().__init__(storage, run_id, callback, cursor)
        self._patterns = [self._log_path, f"{self._log_path}-wal"]

    def on_modified(self, event: FileSystemEvent) -> None:
        time.sleep(COMMIT_SECONDS)
        self._process_log()


class PooledSqliteStorage(DagsterSqliteStorage):
    """All three, in the folders where Dagster's own classes have them: either reads what the other wrote."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        # Not the parent's, which would open Dagster's own three first.
        DagsterStorage.__init__(self)
        self._inst_data = inst_data
        self.base_dir, base = base_dir, Path(base_dir)
        self._run_storage = PooledRunStorage.from_local(str(base / "history"))
        self._event_log_storage = PooledEventLogStorage(str(base / "history" / "runs"))
        self._schedule_storage = PooledScheduleStorage.from_local(str(base / "schedules"))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls.from_local(inst_data=inst_data, **config_value)
