"""Ctrl-C, and `warehouse up`: nothing stays behind."""

import signal
import time
import urllib.request
from pathlib import Path

import pytest

from orchestration.simulate.truth import Truth
from tests.end_to_end.conftest import CommandLine, processes_of, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_ctrl_c_stops_a_run_and_all_it_started(empty: CommandLine, simulation: tuple[Path, Truth]):
    with empty.services():
        empty.here("put", str(simulation[0] / "catalog"), "--kind", "catalog")
    process = empty.start("run")
    wait_for(lambda: any(empty.home.glob("logs/runs/*.log")), 60, process)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Interrupted." in err
    assert "Traceback" not in err
    assert processes_of(empty.home) == []


def test_services_wait_for_another_command_that_uses_them(empty: CommandLine):
    slow = "select sum(sleepEachRow(0.5)) from numbers({}) settings max_block_size = 4"
    owner = empty.start("sql", slow.format(4))
    wait_for((empty.home / "services.json").exists, 60, owner)
    empty("sql", slow.format(12))
    out, err = owner.communicate(timeout=60)
    assert owner.returncode == 0, out + err
    assert processes_of(empty.home) == []


def test_up_serves_until_it_is_stopped(empty: CommandLine):
    process = empty.start("up")
    address = empty.home / "up.url"
    try:
        wait_for(address.exists, 150, process)
        url = address.read_text().strip()
        with urllib.request.urlopen(f"{url}/server_info", timeout=10) as answer:
            assert answer.status == 200
        second = empty("up", expect=1)
        assert f"already runs on {empty.home} at {url}" in second.err
        assert empty.status()["listed"] >= 0, "other commands use its services"
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, out + err
    assert url in out
    assert "bi_reader" in out
    assert processes_of(empty.home) == []


def test_a_killed_up_leaves_nothing_behind(empty: CommandLine):
    process = empty.start("up")
    wait_for(lambda: any("dagster._daemon" in line for line in processes_of(empty.home)), 150, process)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 20
    while processes_of(empty.home) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(empty.home) == []
