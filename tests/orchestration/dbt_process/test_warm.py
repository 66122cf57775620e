"""A warm dbt is dbt to its callers, and no run outlives its client, its warm process or the command of both."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from orchestration.dbt_process import client, server
from orchestration.dbt_process.protocol import SOCKET
from orchestration.dbt_process.server import WarmDbt
from orchestration.dbt_process.warm import KeptWarm, end_warm_dbt, start_server
from orchestration.settings import NOWHERE, PROJECT_ROOT, home_environment

DBT_WARM = Path(sys.executable).parent / "dbt-warm"
SECONDS = 240


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Longer than the path of a socket may be.
    home = tmp_path_factory.mktemp("home") / ("long" * 30)
    home.mkdir()
    return home


@pytest.fixture(scope="module")
def environment(home: Path) -> dict[str, str]:
    return os.environ | home_environment(home) | NOWHERE | {"WAREHOUSE_TARGET": "local"}


@pytest.fixture(scope="module")
def warm(home: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    socket_file = client.socket_folder(home) / SOCKET
    socket_file.unlink(missing_ok=True)
    process = start_server(socket_file.parent, environment, home / "log")
    eventually(socket_file.exists)
    yield process
    end_warm_dbt(process)


@pytest.fixture
def silent_engine(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """An environment whose engine takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield environment | {"CLICKHOUSE_PORT": str(listener.getsockname()[1])}


def start(environment: dict[str, str], *words: str) -> subprocess.Popen:
    command = [DBT_WARM, "--no-use-colors", *(words or ("build", "--select", "dim_courses"))]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, text=True, stdout=subprocess.PIPE)


def eventually(is_so, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def run_of(process: subprocess.Popen) -> psutil.Process:
    """The process that was forked for the only client."""
    forked = []

    def is_run(child: psutil.Process) -> bool:
        try:
            return "resource_tracker" not in " ".join(child.cmdline())
        except psutil.ZombieProcess:  # a run that has ended and is not waited for yet
            return True

    def is_forked() -> bool:
        forked[:] = filter(is_run, psutil.Process(process.pid).children())
        return bool(forked)

    eventually(is_forked)
    return forked[0]


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("words", "is_warm"),
    [
        (["--log-format", "json", "build", "--select", "a"], True),
        (["build", "--vars", "{x: 1}"], False),
        (["build", "-t", "server"], False),
        (["--no-partial-parse", "build"], False),
        (["docs", "generate"], False),
        (["parse"], False),
    ],
)
def test_what_does_not_go_by_the_parsed_project_is_cold(monkeypatch, words: list[str], is_warm: bool) -> None:
    monkeypatch.chdir(PROJECT_ROOT)
    assert client.can_be_warm(words) == is_warm


def test_without_a_warm_process_it_is_a_cold_dbt(home: Path, environment: dict[str, str]) -> None:
    done = start(environment, "run-operation", "no_such_macro")
    output, _ = done.communicate(timeout=SECONDS)
    assert done.returncode == 2
    assert "could not find a macro with the name 'no_such_macro'" in output


def test_words_and_environment_go_in_and_output_and_exit_code_come_out(warm, environment: dict[str, str]) -> None:
    done = start(environment | {"DBT_LOG_FORMAT": "json"}, "run-operation", "no_such_macro")
    run_of(warm)
    output, _ = done.communicate(timeout=SECONDS)
    assert done.returncode == 2
    assert "no_such_macro" in output
    assert output.startswith("{")


def test_a_killed_client_takes_its_run_along(warm, silent_engine: dict[str, str]) -> None:
    process = start(silent_engine)
    run = run_of(warm)
    process.kill()
    eventually(lambda: is_gone(run))
    assert warm.poll() is None


def test_signals_reach_the_run(warm, silent_engine: dict[str, str]) -> None:
    process = start(silent_engine)
    run = run_of(warm)
    time.sleep(1)  # until the client has its handlers
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 128 + signal.SIGTERM
    assert is_gone(run)


def test_another_schema_is_refused(home: Path, warm, environment: dict[str, str]) -> None:
    # The cold dbt that takes over finds what tests/dbt_project parsed under this schema: 15 CPU seconds less.
    done = start(environment | {"WAREHOUSE_SCHEMA": "whole"}, "run-operation", "no_such_macro")
    done.communicate(timeout=SECONDS)
    assert done.returncode == 2
    assert "WAREHOUSE_SCHEMA differs" in (home / "log").read_text()


def test_a_killed_warm_process_takes_its_runs_along_and_the_client_says_so(warm, silent_engine) -> None:
    process = start(silent_engine)
    run = run_of(warm)
    warm.kill()
    assert process.wait(SECONDS) == 128 + signal.SIGKILL
    eventually(lambda: is_gone(run))


def test_it_parses_again_when_the_project_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warm, parses = WarmDbt(), []

    def parse(folder: Path) -> None:
        parses.append(folder)
        (folder / "manifest.json").write_text("{}")
        warm.stamp = server.parse_stamp()

    monkeypatch.setattr(warm, "parse", parse)
    monkeypatch.setattr(server, "manifest_path", lambda: tmp_path / "manifest.json")
    for stamp, count in (("one", 1), ("one", 1), ("two", 2)):
        monkeypatch.setattr(server, "parse_stamp", lambda stamp=stamp: stamp)
        warm.prepare()
        assert len(parses) == count


def test_one_that_ended_is_replaced_and_all_end_with_the_command(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("orchestration.dbt_process.warm.RENEW_SECONDS", 0.0)
    with KeptWarm(tmp_path) as kept:
        kept.renew()
        first = kept._process
        kept.renew()
        assert kept._process is first
        first.kill()
        first.wait()
        kept.renew()
        second = kept._process
        assert second is not first
        assert second.poll() is None
    assert second.poll() is not None
