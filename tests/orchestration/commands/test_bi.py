"""`warehouse bi` without Superset: what it refuses, which port it takes, how it stops what does not run."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.commands import bi
from orchestration.commands.context import CommandContext
from orchestration.commands.errors import CommandError
from orchestration.dashboards.process import HOST, DashboardFiles
from orchestration.machine.locks import take_lock
from orchestration.settings import Settings


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DashboardFiles:
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path / "home"))
    place = DashboardFiles(tmp_path / "home")
    place.folder.mkdir(parents=True)
    return place


def test_a_warehouse_without_marts_is_refused(warehouse: Client, settings: Settings):
    with pytest.raises(CommandError, match="There are no marts yet"):
        bi.refuse_without_marts(CommandContext(settings))


def test_a_second_start_says_where_the_first_one_runs(place: DashboardFiles):
    with bi.only_one_bi(place):
        place.record.write_text(json.dumps({"url": "http://127.0.0.1:8088", "port": 8088, "pid": 1}))
        with pytest.raises(CommandError, match=r"already run at http://127\.0\.0\.1:8088"), bi.only_one_bi(place):
            pass
        with pytest.raises(CommandError, match="already run"):
            bi.start_detached(None)
    assert not place.record.exists()


def test_the_port_of_the_last_start_is_taken_again_unless_it_is_in_use(place: DashboardFiles):
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        (place.folder / "port").write_text(str(taken))
        assert bi.usual_port(place) != taken
    (place.folder / "port").write_text(str(taken))
    assert bi.usual_port(place) == taken


def test_nothing_to_stop_is_no_error(place: DashboardFiles):
    assert bi.stop_bi() == 0


def test_what_only_starts_cannot_be_stopped_yet(place: DashboardFiles):
    lock = take_lock(place.lock_file)
    try:
        with pytest.raises(CommandError, match="just starting"):
            bi.stop_bi()
    finally:
        os.close(lock)


def test_an_export_before_the_first_start_is_refused(place: DashboardFiles):
    with pytest.raises(CommandError, match="No dashboards were started"):
        bi.export_bi(None)


def test_a_server_that_ends_while_it_starts_is_an_error_with_its_last_lines(place: DashboardFiles):
    place.log.parent.mkdir()
    place.log.write_text("stage: Loading Superset\nno such module\n")
    server = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"], start_new_session=True)
    server.wait()
    shown: list[str] = []

    class Stages:
        def start(self, name: str, total: int | None = None) -> None:
            shown.append(name)

    with pytest.raises(CommandError, match=r"exit code 3(.|\n)*no such module"):
        bi.wait_until_ready(place, server, 1, Stages())
    assert shown == ["Loading Superset"]


def test_the_end_takes_all_that_the_server_started(place: DashboardFiles):
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
    server = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    bi.end(server)
    with pytest.raises(ProcessLookupError):
        os.killpg(server.pid, 0)


def test_an_assistant_needs_dashboards_and_a_user_of_theirs(place: DashboardFiles):
    with pytest.raises(CommandError, match="Run 'warehouse bi' first"):
        bi.serve_assistant("designer")
    (place.folder / "superset.db").touch()
    with pytest.raises(CommandError, match="no user 'kim'; there are designer, manager, analyst, admin"):
        bi.serve_assistant("kim")
