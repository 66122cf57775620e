"""The `warehouse` command as a user calls it: a process of its own, in a throw-away home."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.embedded.services import Services, running_services
from orchestration.settings import PROJECT_ROOT
from orchestration.simulate.simulator import simulate
from orchestration.simulate.truth import Truth

WAREHOUSE = Path(sys.executable).with_name("warehouse")
# The demo's own seed. So few learners show no finding; that they are missed is the demo's own business.
LEARNERS, DAYS, SEED = 60, 14, 1
OURS = ("WAREHOUSE_", "CLICKHOUSE_", "LAKE_", "AWS_", "LEARNER_ID_KEY", "DBT_", "DAGSTER_")


@dataclass(frozen=True)
class Answer:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit code {self.code}\n{self.out}\n{self.err}"


@contextmanager
def private_files() -> Iterator[None]:
    """New files are for the owner only, as `warehouse` has it for its process."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@dataclass(frozen=True)
class CommandLine:
    """`warehouse` in one home and environment."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, expect: int | None = 0, timeout: float = 580) -> Answer:
        """Run it to its end; `expect` is the exit code that must come of it."""
        done = subprocess.run(
            [WAREHOUSE, *arguments],
            cwd=PROJECT_ROOT,
            env=self.whole_environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        answer = Answer(done.returncode, done.stdout, done.stderr)
        assert expect is None or answer.code == expect, answer
        assert "Traceback" not in answer.err, answer
        return answer

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start it in a session of its own, as a terminal would."""
        return subprocess.Popen(
            [WAREHOUSE, *arguments],
            cwd=PROJECT_ROOT,
            env=self.whole_environment() | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def here(self, *arguments: str, expect: int = 0) -> Answer:
        """What the command says when it is called in this process: the start of one of its own takes CPU seconds."""
        foreign = dict.fromkeys(name for name in os.environ if name.startswith(OURS))
        with private_files():
            result = CliRunner().invoke(app, arguments, env=foreign | self._own_environment())
        answer = Answer(result.exit_code, result.stdout, result.stderr)
        assert answer.code == expect, answer
        return answer

    def rows(self, statement: str) -> list[dict]:
        return json.loads(self.here("sql", statement, "--format", "json").out)

    def status(self) -> dict:
        return json.loads(self.here("status", "--json").out)

    @contextmanager
    def services(self) -> Iterator[None]:
        """The home's services stay up for the length of a block, and no command in it starts them."""
        with private_files(), running_services(self.home):
            yield

    def _own_environment(self) -> dict[str, str]:
        return {"WAREHOUSE_HOME": str(self.home)} | self.environment

    def whole_environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return kept | self._own_environment()


def processes_of(home: Path) -> list[str]:
    """Command lines of all processes that name the home, or have it in their environment."""
    lines = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            if process.pid != os.getpid() and (
                str(home) in line or process.environ().get("WAREHOUSE_HOME") == str(home)
            ):
                lines.append(line)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return lines


def wait_for(is_true: Callable[[], bool], seconds: float, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """A folder of drops, and what is true of them."""
    folder = tmp_path_factory.mktemp("simulation")
    return folder, simulate(folder, LEARNERS, DAYS, SEED)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line in a home that nothing was ever put into."""
    return CommandLine(tmp_path_factory.mktemp("empty") / "home")


@pytest.fixture(scope="session")
def served_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Services that stand for a server run elsewhere: the commands never start or stop them."""
    with running_services(tmp_path_factory.mktemp("served") / "home") as services:
        yield services


@pytest.fixture(scope="session")
def on_server(served_home: Services, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line whose target is that server, told by environment variables alone."""
    recorded = json.loads((served_home.home / "services.json").read_text())
    environment = {
        "WAREHOUSE_TARGET": "server",
        "CLICKHOUSE_HOST": recorded["clickhouse"]["host"],
        "CLICKHOUSE_PORT": str(recorded["clickhouse"]["port"]),
        "CLICKHOUSE_USER": recorded["clickhouse"]["user"],
        "CLICKHOUSE_PASSWORD": recorded["clickhouse"]["password"],
        "LAKE_BUCKET": "lake",
        "LAKE_ENDPOINT_URL": recorded["lake"]["endpoint_url"],
        "AWS_ACCESS_KEY_ID": recorded["lake"]["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": recorded["lake"]["secret_access_key"],
        "LEARNER_ID_KEY": "a key of the server's own",
    }
    return CommandLine(tmp_path_factory.mktemp("client") / "home", environment)
