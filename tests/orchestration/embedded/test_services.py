"""Starting and stopping: one owner per home, nothing left behind, nothing secret told."""

import contextlib
import fcntl
import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from orchestration.embedded.home import Home, read_services
from orchestration.embedded.services import (
    Services,
    ServicesAlreadyRunning,
    ServicesError,
    running_services,
    services_status,
    start_services,
    stop_services,
)
from orchestration.machine.locks import is_locked
from orchestration.settings import PROJECT_ROOT, load_settings

FOREGROUND = [sys.executable, "-m", "orchestration.embedded.services", "--home"]
OWNER = """
import sys, time
from pathlib import Path
from orchestration.embedded.services import running_services
with running_services(Path(sys.argv[1])) as services:
    print(services.pid, services.lake_pid, flush=True)
    time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def ask(home: Path, sql: str) -> str:
    content = read_services(Home(home))
    assert content is not None
    engine = content["clickhouse"]
    url = f"http://{engine['host']}:{engine['port']}"
    return httpx.post(url, content=sql.encode(), auth=(engine["user"], engine["password"]), timeout=30).text


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    stop_services(tmp_path / "home")


def test_services_of_a_killed_command_serve_another_that_uses_them(home: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(home)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline().split()[0])
    in_use = os.open(Home(home).in_use_lock_file, os.O_RDWR | os.O_CREAT)
    fcntl.flock(in_use, fcntl.LOCK_SH)
    owner.kill()
    owner.wait()
    time.sleep(1)
    assert ask(home, "select 1") == "1\n"
    os.close(in_use)
    assert wait_until(lambda: not is_alive(pid))


def test_settings_find_the_running_services(services: Services, recorded: dict) -> None:
    settings = load_settings({"WAREHOUSE_HOME": str(services.home)})
    assert settings.clickhouse.url == services.url
    assert settings.lake.endpoint_url == services.lake_endpoint_url
    assert settings.learner_id_key == recorded["learner_id_key"]


def test_files_with_secrets_are_for_the_owner_only(services: Services) -> None:
    for name in ("services.json", "secrets.json"):
        assert stat.S_IMODE((services.home / name).stat().st_mode) == 0o600


def test_secrets_are_on_no_command_line(services: Services, recorded: dict) -> None:
    lines = [" ".join(psutil.Process(pid).cmdline()) for pid in (services.pid, services.lake_pid)]
    for secret in _secrets(recorded):
        assert not any(secret in line for line in lines)


def test_both_services_listen_on_loopback_only(services: Services) -> None:
    for pid in (services.pid, services.lake_pid):
        addresses = {c.laddr.ip for c in psutil.Process(pid).net_connections() if c.status == psutil.CONN_LISTEN}
        assert addresses == {"127.0.0.1"}


def test_neither_secrets_nor_sql_reach_the_logs(services: Services, recorded: dict, http: httpx.Client) -> None:
    lake = recorded["lake"]
    keys = f"'{lake['access_key_id']}', '{lake['secret_access_key']}'"
    for sql in (
        f"select * from s3('{services.lake_endpoint_url}/lake/nothing', {keys}, 'CSV', 'secret_column Int8')",
        f"selec syntax error near {keys}",
        "create user another identified by 'a password of another'",
        "select throwIf(1, 'secret_column')",
    ):
        http.post("/", content=sql.encode())
    httpx.get(services.url, params={"query": "select 'in the url'", "user": "x", "password": "tried password"})
    httpx.post(services.url, headers={"X-ClickHouse-Key": "tried password"}, content=b"\xff\xfe")
    for log in (services.home / "logs").iterdir():
        text = log.read_text()
        for secret in (*_secrets(recorded), "secret_column", "tried password", "a password of", "in the url"):
            assert secret not in text, log


def _secrets(recorded: dict) -> list[str]:
    lake = recorded["lake"]
    passwords = [recorded["clickhouse"]["password"], recorded["bi_reader"]["password"]]
    return [*passwords, lake["secret_access_key"], recorded["learner_id_key"]]


def test_the_log_names_user_query_and_outcome(services: Services, http: httpx.Client, log: Callable[[], str]) -> None:
    http.post("/", params={"query_id": "the good one"}, content=b"select 1")
    http.post("/", params={"query_id": "the bad one"}, content=b"select nope")
    # The answer is on its way before the line is written.
    assert wait_until(lambda: bool(re.search(r"default the good one SELECT 200 \d+ ms", log())))
    assert wait_until(
        lambda: bool(re.search(r"default the bad one SELECT 400 code 47 UNKNOWN_IDENTIFIER \d+ ms", log()))
    )


def test_a_second_start_says_that_the_services_run(services: Services) -> None:
    with pytest.raises(ServicesAlreadyRunning, match=rf"already running at {services.url} \(pid {services.pid}\)"):
        start_services(services.home)


def test_running_services_uses_what_runs_and_leaves_it_running(services: Services) -> None:
    with running_services(services.home) as same:
        assert (same.port, same.is_ours) == (services.port, False)
    assert services_status(services.home).is_running


def test_two_homes_run_side_by_side(services: Services, tmp_path: Path) -> None:
    home = tmp_path / "another home's é & <x>"
    with running_services(home) as other:
        assert {other.port, other.lake_endpoint_url}.isdisjoint({services.port, services.lake_endpoint_url})
        ask(home, "create table default.only_here (x UInt8) engine = MergeTree order by x")
        assert ask(home, "exists default.only_here") == "1\n"
        assert ask(services.home, "exists default.only_here") == "0\n"


def test_a_home_keeps_data_secrets_and_ports_over_a_restart(home: Path) -> None:
    with running_services(home) as first:
        before = read_services(Home(home))
        ask(home, "create table default.kept (x UInt8) engine = MergeTree order by x")
        ask(home, "insert into default.kept values (7)")
    assert not services_status(home).is_running
    assert not (home / "services.json").exists()
    assert not is_alive(first.pid)
    assert not is_alive(first.lake_pid)
    with running_services(home) as second:
        after = read_services(Home(home))
        assert ask(home, "select x from default.kept") == "7\n"
        assert second.port == first.port
    for content in (before, after):
        assert content is not None
        for part in content.values():
            if isinstance(part, dict):
                part.pop("pid", None)
    assert before == after


def test_files_left_by_a_killed_server_do_not_hinder_the_next_start(home: Path) -> None:
    first = start_services(home, bound_to_us=True)
    ask(home, "create table default.kept (x UInt8) engine = MergeTree order by x")
    ask(home, "insert into default.kept values (7)")
    os.kill(first.pid, signal.SIGKILL)
    assert wait_until(lambda: not services_status(home).is_running)
    assert (home / "services.json").exists()
    with running_services(home) as second:
        assert second.is_ours
        assert second.pid != first.pid
        assert ask(home, "select x from default.kept") == "7\n"
    assert not is_alive(first.lake_pid)


def test_a_stale_record_whose_pid_belongs_to_another_process_harms_nobody(home: Path) -> None:
    with running_services(home):
        content = json.loads((home / "services.json").read_text())
    content["clickhouse"]["pid"] = content["lake"]["pid"] = os.getpid()
    (home / "services.json").write_text(json.dumps(content))
    assert not services_status(home).is_running
    assert stop_services(home) is False
    with running_services(home) as services:
        assert services.pid != os.getpid()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_services_end_when_their_owner_is_killed(home: Path, sign: signal.Signals) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(home)], stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT
    )
    assert owner.stdout is not None
    pids = [int(pid) for pid in owner.stdout.readline().split()]
    assert len(pids) == 2
    owner.send_signal(sign)
    owner.wait(10)
    assert wait_until(lambda: not any(is_alive(pid) for pid in pids))
    assert not is_locked(Home(home).lock_file)


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0)])
def test_the_foreground_command_stops_both_and_leaves_no_record(home: Path, sign: signal.Signals, code: int) -> None:
    command = subprocess.Popen([*FOREGROUND, str(home)], stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT)
    assert command.stdout is not None
    assert command.stdout.readline().startswith("ClickHouse endpoint http://127.0.0.1:")
    content = read_services(Home(home))
    assert content is not None
    command.send_signal(sign)
    assert command.wait(15) == code
    assert not any(is_alive(content[part]["pid"]) for part in ("clickhouse", "lake"))
    assert not (home / "services.json").exists()
    assert not (home / "tmp" / "services").exists()


def test_services_stop_when_the_lake_dies(home: Path) -> None:
    services = start_services(home, bound_to_us=True)
    os.kill(services.lake_pid, signal.SIGKILL)
    assert wait_until(lambda: not services_status(home).is_running)
    assert "the lake ended" in (home / "logs" / "services.log").read_text()


def test_simultaneous_starts_make_one_pair_of_services(home: Path) -> None:
    started: list[Services] = []
    inside, leave = threading.Barrier(4), threading.Event()

    def use() -> None:
        with running_services(home) as services:
            started.append(services)
            inside.wait(30)
            leave.wait(30)

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    inside.wait(30)
    leave.set()
    for thread in threads:
        thread.join()
    assert len({services.pid for services in started}) == 1
    assert sum(services.is_ours for services in started) == 1
    assert not services_status(home).is_running


def test_stop_ends_services_that_run_in_the_background(home: Path) -> None:
    started = start_services(home)
    assert services_status(home).services is not None
    assert stop_services(home) is True
    assert stop_services(home) is False
    assert not is_alive(started.pid)


def test_a_home_whose_path_is_a_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServicesError, match="Set WAREHOUSE_HOME"):
        start_services(tmp_path / "what?")


def test_a_failed_start_shows_the_end_of_the_log(home: Path) -> None:
    (home / "clickhouse").mkdir(parents=True)
    (home / "secrets.json").write_text("{not json")
    with pytest.raises(ServicesError, match=r"(?s)The end of .*services\.log:.*secrets\.json cannot be read"):
        start_services(home)
    assert not services_status(home).is_running


def test_running_queries_and_stalled_uploads_do_not_hold_up_the_stop(home: Path) -> None:
    stopped = threading.Event()

    def stalled() -> Iterator[bytes]:
        yield b"insert into function null('x UInt8') format TSV\n1\n"
        stopped.wait(30)

    endless = b"select count() from numbers(1000000000000) where sipHash64(number) = 1"
    with running_services(home) as services:
        content = read_services(Home(home))
        assert content is not None
        access = ("default", content["clickhouse"]["password"])
        threads = [
            threading.Thread(target=_post_in_vain, args=(services.url, body, access)) for body in (endless, stalled())
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.7)
        started_at = time.monotonic()
    assert time.monotonic() - started_at < 8
    stopped.set()
    for thread in threads:
        thread.join()
    assert "Traceback" not in (home / "logs" / "services.log").read_text()


def _post_in_vain(url: str, body: bytes | Iterator[bytes], access: tuple[str, str]) -> None:
    with contextlib.suppress(httpx.HTTPError):
        httpx.post(url, content=body, auth=access, timeout=30)
