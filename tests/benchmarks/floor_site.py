"""A copy of the checkout with homes of its own, and what commands on them cost: seconds, and CPU of all they start."""

import gzip
import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from orchestration.drop_kinds import DROP_KINDS
from orchestration.embedded.home import Home
from orchestration.embedded.services import running_services
from tests.benchmarks.process_tree import adopt_orphans, wait_for_orphans
from tests.benchmarks.stopwatch import BenchmarkError, Cost, children_cpu
from tests.faults.small_project import RUN, copy_files, own_environment

SECONDS = 3600


class FloorSite:
    """A checkout that was never parsed, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = copy_files(folder / "project")
        self._services: psutil.Process | None = None
        adopt_orphans()

    def home(self, name: str) -> Path:
        return self.folder / "homes" / name

    def put(self, drops: Mapping[str, bytes], home: str = "own") -> None:
        """Write drops into the lake's folder, while nothing serves it."""
        place = Home(self.home(home))
        place.create()
        for key, content in drops.items():
            file = place.bucket / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def edit(self, model: str) -> None:
        (file,) = self.project.glob(f"models/**/{model}.sql")
        file.write_text(file.read_text() + "\n-- edited\n")

    @contextmanager
    def services(self) -> Iterator[None]:
        """The services of the home; their CPU time then counts as well."""
        with running_services(self.home("own")) as services:
            self._services = psutil.Process(services.pid)
            try:
                yield
            finally:
                self._services = None

    def command(self, *words: str, home: str = "own") -> Cost:
        """`warehouse …` from its start until all of it has ended."""
        return self._run([sys.executable, "-c", RUN, *words], home if words[0] != "demo" else "demo")

    def dbt(self, *words: str) -> Cost:
        return self._run([Path(sys.executable).parent / "dbt", *words], "own")

    def up(self) -> Cost:
        """`warehouse up` until its UI answers, which it writes down."""
        address, started_at = self.home("own") / "up.url", time.monotonic()
        process = self._start([sys.executable, "-c", RUN, "up"], "own")
        try:
            while not address.exists():
                if process.poll() is not None or time.monotonic() - started_at > SECONDS:
                    raise BenchmarkError(f"'warehouse up' did not come up:\n{self._said()}")
                time.sleep(0.05)
            seconds = time.monotonic() - started_at
            tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            times = [process.cpu_times() for process in tree]
            return Cost(seconds, own_cpu_seconds=sum(sum(time[:4]) for time in times))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            wait_for_orphans()

    def _run(self, command: list, home: str) -> Cost:
        before, engine_before = children_cpu(), self._engine_cpu()
        started_at = time.monotonic()
        process = self._start(command, home)
        try:
            code = process.wait(SECONDS)
        except BaseException:  # stopped: the command tidies up before its home is removed
            process.terminate()
            process.wait(60)
            wait_for_orphans(but=self._services)
            raise
        seconds = time.monotonic() - started_at
        if code != 0:
            raise BenchmarkError(f"{' '.join(map(str, command))} ended with {code}:\n{self._said()}")
        wait_for_orphans(but=self._services)
        return Cost(seconds, self._engine_cpu() - engine_before, children_cpu() - before)

    def _start(self, command: list, home: str) -> subprocess.Popen:
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=self.project,
                env=own_environment(self.project, self.home(home)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _said(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def _engine_cpu(self) -> float:
        return sum(self._services.cpu_times()[:4]) if self._services else 0.0


def drops_by_day(simulated: Path, late_statements: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """All drops by key: first those that come first, then those of the newest days, with about so many statements."""
    keys = {
        file.relative_to(simulated).as_posix(): file.read_bytes()
        for kind in DROP_KINDS
        for file in sorted((simulated / kind).rglob("*"))
        if file.is_file()
    }
    late: dict[str, bytes] = {}
    count = 0
    events = [key for key in keys if key.startswith("events/") and key.endswith(".gz")]
    for key in sorted(events, key=lambda key: key.partition("dt=")[2], reverse=True):
        if count >= late_statements:
            break
        late[key] = keys.pop(key)
        count += gzip.decompress(late[key]).count(b"\n")
    return keys, late


def two_statements(simulated: Path) -> bytes:
    """Two statements that no drop has: those of one, under other ids."""
    first = sorted(simulated.glob("events/**/*.gz"))[0]
    statements = []
    for line in gzip.decompress(first.read_bytes()).splitlines():
        with suppress(ValueError):  # a planted fault
            statements.append(json.loads(line))
    whole = [line | {"id": str(uuid.uuid4())} for line in statements if isinstance(line, dict) and "id" in line]
    return "".join(json.dumps(statement) + "\n" for statement in whole[:2]).encode()
