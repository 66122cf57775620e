"""A throw-away home into which statements are put and built as a person does it: by the commands `put` and `run`."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from clickhouse_connect.driver.client import Client

from orchestration.commands.errors import EXIT_NOT_ALL_PUBLISHED, one_line
from orchestration.embedded.services import running_services
from orchestration.loading import Status, status
from orchestration.resources.lake import connect_lake
from orchestration.resources.warehouse import connect
from orchestration.settings import PROJECT_ROOT, load_settings
from tests.benchmarks.process_tree import TreeWatch, adopt_orphans, wait_for_orphans
from tests.benchmarks.run_stages import costs_of, read_times
from tests.benchmarks.stopwatch import BenchmarkError, Cost
from tests.faults.small_project import OURS, RUN, own_environment

SECONDS = 6 * 3600
LAST_WORDS = 4000


@dataclass(frozen=True)
class Delivery:
    """What one `run` over new statements cost."""

    stages: dict[str, Cost]
    peak_mib: float


@dataclass(frozen=True)
class Contents:
    """What the warehouse holds."""

    lines: int
    accepted: int
    """Lines that are live and not refused."""
    refused: dict[str, int]
    """Reason → lines."""
    events: int
    bytes_of: dict[str, int]
    """Database → bytes of its tables on disk."""


class StatementSite:
    """The home, and the commands on it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self._log = folder / "log"
        self._environment = own_environment(PROJECT_ROOT, self.home)
        adopt_orphans()

    def put(self, path: Path, source: str) -> None:
        self._command("put", str(path), "--source", source)

    def run(self, job: str) -> Delivery:
        """`warehouse run`, measured. Held and parked files are no failure of the run."""
        watch, started_at = TreeWatch(), time.time()
        try:
            self._command("run", "--job", job)
        finally:
            line = watch.stop()
        return Delivery(costs_of(read_times(self.home, started_at, line.moments[-1]), line), line.peak_mib)

    @contextmanager
    def opened(self) -> Iterator[tuple[Client, Status]]:
        """A connection and the warehouse's status, on services of its own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        environment = kept | {"WAREHOUSE_HOME": str(self.home), "WAREHOUSE_TARGET": "local"}
        with patch.dict(os.environ, environment, clear=True), running_services(self.home):
            settings = load_settings()
            client = connect(settings)
            yield client, status(client, connect_lake(settings))
            client.close()

    def _command(self, *words: str) -> None:
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", RUN, *words],
                cwd=PROJECT_ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            code = process.wait(SECONDS)
        except BaseException:  # stopped: the command tidies up before its home is removed
            process.terminate()
            process.wait(60)
            wait_for_orphans()
            raise
        wait_for_orphans()
        if code not in (0, EXIT_NOT_ALL_PUBLISHED):
            raise BenchmarkError(self._why())

    def _why(self) -> str:
        """The errors that the command named, else its last words."""
        said = self._log.read_text(errors="replace")
        errors = [line.removeprefix("Error: ") for line in said.splitlines() if line.startswith("Error: ")]
        return " ".join(errors) or one_line(said)[-LAST_WORDS:]


def contents(client: Client) -> Contents:
    """Counted in the tables that the build made."""
    lines = client.query("select count() from raw.event_lines").first_row[0]
    judged = client.query(
        "select toString(quarantine_reason) as reason, count() from staging.stg_xapi__statements "
        "where load_key in (select load_key from intermediate.int_object_states where is_live) group by reason"
    ).result_rows
    counts = dict(judged)
    accepted = counts.pop("", 0)
    events = client.query("select count() from marts.fct_learning_events").first_row[0]
    sizes = client.query(
        "select database, sum(bytes_on_disk) from system.parts where active and database != 'system' group by database"
    ).result_rows
    return Contents(lines, accepted, counts, events, dict(sizes))
