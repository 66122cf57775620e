"""What a crash leaves behind: a database that restarts, a broker that ends, a process that ends again and again."""

import os
import signal
import threading
import time
from pathlib import Path

import psycopg
import pytest

from orchestration.commands.errors import CommandError
from orchestration.commands.realtime.context import RealtimeContext
from orchestration.realtime.database import connect
from orchestration.realtime.embedded import data_folder, embedded_pair, pg_control, remove_data
from orchestration.realtime.migrate import migrate, version
from orchestration.realtime.settings import load_realtime_settings
from orchestration.realtime.supervisor import LONGEST_PAUSE_SECONDS, Supervisor
from tests.orchestration.realtime.conftest import event
from tests.orchestration.realtime.test_store import add, sink_of


def test_a_database_that_restarts_is_waited_for_and_a_broker_that_ends_is_said(tmp_path: Path):
    """Crash recovery of PostgreSQL in the middle of writing, then kill -9 of the broker."""
    folder = tmp_path / "realtime"
    with embedded_pair(folder, tmp_path / "log") as pair:
        migrate(pair.database_url)
        assert version(pair.database_url) == "0001"
        sink = sink_of(pair.database_url, ["id-1"])
        data = next(path for path in (data_folder(folder),) if path.exists())
        restarting = threading.Thread(target=pg_control, args=(data, ["-w", "-m", "immediate", "restart"]))
        for number in range(200):
            if number == 50:
                restarting.start()
            add(sink, [event(number)], number)
            sink.flush()
        restarting.join()
        with connect(pair.database_url) as connection:
            rows = connection.execute("select next_offset, consumed_count from realtime.consumed_offsets")
            assert rows.fetchone() == (200, 200)
        path = RealtimeContext(load_realtime_settings({"WAREHOUSE_HOME": str(tmp_path)}), {}, pair)
        path.raise_if_ended()
        os.kill(pair.broker_pid, signal.SIGKILL)
        pair.process.wait(30)
        with pytest.raises(CommandError, match="keeps messages in memory"):
            path.raise_if_ended()
    with pytest.raises(psycopg.OperationalError):
        connect(pair.database_url)
    remove_data(folder)


def test_a_process_that_ends_again_and_again_is_started_at_longer_and_longer_intervals(tmp_path: Path):
    supervisor = Supervisor({"WAREHOUSE_HOME": str(tmp_path)})
    child = supervisor.add("broken", "no-such-role", tmp_path / "logs")
    pauses = []
    deadline = time.monotonic() + 60
    while len(pauses) < 3 and time.monotonic() < deadline:
        if supervisor.tend():
            pauses.append(child.pause)
        time.sleep(0.02)
    supervisor.stop()
    assert pauses == [0.4, 0.8, 1.6]
    assert pauses[-1] < LONGEST_PAUSE_SECONDS
    assert "There is no role 'no-such-role'" in child.log_path.read_text()
