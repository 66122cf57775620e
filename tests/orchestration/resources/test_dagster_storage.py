"""Dagster's databases with connections that stay open: several processes, one that is killed, one that forks."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dagster import DagsterInstance
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from orchestration.resources.dagster_instance import write_dagster_config
from orchestration.resources.dagster_storage import OPEN_DATABASES, Databases, PooledRunStorage
from orchestration.settings import PROJECT_ROOT

WRITER = """
import sys
from pathlib import Path
from tests.orchestration.resources.test_dagster_storage import opened, write
with opened(Path(sys.argv[1])) as instance:
    for number in range(int(sys.argv[3])):
        write(instance, sys.argv[2], f"{sys.argv[2]} {number}")
        print(number, flush=True)
"""


@contextmanager
def opened(home: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(str(write_dagster_config(home))) as instance:
        yield instance


def write(instance: DagsterInstance, run_id: str, message: str) -> None:
    instance.report_engine_event(message, run_id=run_id, job_name="job")


def messages(instance: DagsterInstance, run_id: str) -> list[str]:
    return [entry.dagster_event.message for entry in instance.all_logs(run_id) if entry.dagster_event]


def start_writer(home: Path, run_id: str, count: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(home), run_id, str(count)],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with opened(tmp_path / "home"):
        return tmp_path / "home"


def test_the_instance_of_a_home_keeps_its_connections(home: Path) -> None:
    with opened(home) as instance:
        assert isinstance(instance.run_storage, PooledRunStorage)
        with instance.run_storage.connect() as first:
            connection = first.connection.driver_connection
            assert first.exec_driver_sql("pragma synchronous").scalar() == 1
            assert first.exec_driver_sql("pragma journal_mode").scalar() == "wal"
        with instance.run_storage.connect() as second:
            assert second.connection.driver_connection is connection


def test_several_processes_write_to_one_run(home: Path) -> None:
    writers = [start_writer(home, "shared", 40) for _ in range(2)]
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    with opened(home) as instance:
        assert sorted(messages(instance, "shared")) == sorted([f"shared {number}" for number in range(40)] * 2)


def test_what_a_killed_process_committed_is_there(home: Path) -> None:
    with start_writer(home, "killed", 100_000) as writer:
        assert writer.stdout
        said = [writer.stdout.readline() for _ in range(25)]
        os.kill(writer.pid, signal.SIGKILL)
        said += writer.stdout.readlines()
    with opened(home) as instance:
        written = messages(instance, "killed")
        assert len(written) >= len([line for line in said if line.endswith("\n")]) >= 25
        write(instance, "killed", "after")
        assert messages(instance, "killed")[-1] == "after"
    with sqlite3.connect(home / "dagster" / "history" / "runs" / "killed.db") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_fork_opens_a_connection_of_its_own(tmp_path: Path) -> None:
    databases, address = Databases(), f"sqlite:///{tmp_path}/some.db"
    with databases.connect(address) as connection:
        connection.exec_driver_sql("create table numbers (number integer)")
    ours = databases.engine(address)
    child = os.fork()
    if child == 0:
        is_other = databases.engine(address) is not ours
        with databases.connect(address) as connection:
            connection.exec_driver_sql("insert into numbers values (1)")
        os._exit(0 if is_other else 1)
    assert os.waitpid(child, 0)[1] == 0
    with databases.connect(address) as connection:
        assert connection.exec_driver_sql("select number from numbers").scalar() == 1
    assert databases.engine(address) is ours


def test_few_databases_stay_open(tmp_path: Path) -> None:
    databases = Databases()
    for number in range(OPEN_DATABASES + 5):
        with databases.connect(f"sqlite:///{tmp_path}/{number}.db") as connection:
            connection.exec_driver_sql("create table numbers (number integer)")
    descriptors = [file for file in Path("/proc/self/fd").iterdir() if file.is_symlink()]
    assert sum(tmp_path in file.readlink().parents for file in descriptors) == OPEN_DATABASES
    databases.close()


def test_a_watcher_hears_of_events_whose_writer_goes_on(home: Path) -> None:
    heard, is_heard = [], threading.Event()

    def hear(entry, _cursor) -> None:
        heard.append(entry.dagster_event.message)
        is_heard.set()

    with opened(home) as instance, opened(home) as other:
        write(instance, "watched", "before")
        other.event_log_storage.watch("watched", None, hear)
        write(instance, "watched", "after")
        assert is_heard.wait(20)
        other.event_log_storage.end_watch("watched", hear)
    assert heard[0] == "before"


def test_dagsters_own_classes_read_the_same_files(home: Path) -> None:
    with opened(home) as instance:
        write(instance, "run", "said")
    own = SqliteEventLogStorage(str(home / "dagster" / "history" / "runs"))
    assert [entry.dagster_event.message for entry in own.get_logs_for_run("run")] == ["said"]


def test_a_storage_of_the_users_own_goes_first(tmp_path: Path) -> None:
    folder = write_dagster_config(tmp_path / "home")
    (folder / "storage.yaml").write_text(f"storage:\n  sqlite:\n    base_dir: {tmp_path}/elsewhere\n")
    with opened(tmp_path / "home") as instance:
        assert not isinstance(instance.run_storage, PooledRunStorage)
    assert (tmp_path / "elsewhere" / "history" / "runs.db").exists()
