"""A throw-away warehouse to measure on: services of its own in a temporary home, gone when the block ends."""

import gzip
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from clickhouse_connect.driver.client import Client

from orchestration.commands.display import Stages
from orchestration.embedded import services
from orchestration.embedded.services import running_services
from orchestration.loading import LoadReport, load_pending, prepare_warehouse
from orchestration.loading.lake.scope import EVERYTHING, Scope
from orchestration.loading.steps import gate
from orchestration.resources.lake import S3Lake, connect_lake
from orchestration.resources.warehouse import connect
from orchestration.settings import Settings, load_settings
from orchestration.simulate.simulator import simulate
from tests.benchmarks.report import Report
from tests.benchmarks.stopwatch import BenchmarkError, Stopwatch
from tests.object_store import s3_client
from tests.passing_judge import PassingJudge

UPLOADS_AT_ONCE = 8
SAMPLE_LEARNERS, SAMPLE_DAYS, SEED = 60, 28, 1
"""About 4,700 lines: what small objects are cut from."""


@dataclass
class Workbench:
    """An empty warehouse, and what is needed to fill and to measure it."""

    settings: Settings
    client: Client
    lake: S3Lake
    stopwatch: Stopwatch
    stages: Stages
    report: Report
    repeats: int
    ledger_rows: tuple[int, ...]
    s3: Any

    def put(self, objects: dict[str, bytes]) -> None:
        """Write objects to the lake."""

        def write(key: str) -> None:
            self.s3.put_object(Bucket=self.settings.lake.bucket, Key=key, Body=objects[key])

        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            list(pool.map(write, objects))

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.s3.delete_object(Bucket=self.settings.lake.bucket, Key=key)

    def value(self, statement: str, **parameters: Any) -> Any:
        """The single value that a query answers."""
        return self.client.query(statement, parameters=parameters).result_rows[0][0]

    def load(self, expected_objects: int, scope: Scope = EVERYTHING) -> LoadReport:
        """Load what is due; a load that does something else than asked would be measured for nothing."""
        report = load_pending(self.client, self.lake, self.settings, scope=scope)
        refused = [f"{outcome.drop.key}: {outcome.message}" for outcome in report.parked + report.failed]
        refused += [f"{held.key}: {held.reason}" for held in report.judgement.held]
        if refused or report.object_count != expected_objects:
            raise BenchmarkError(
                f"A load took {report.object_count} objects and refused {len(refused)}; expected {expected_objects} "
                f"and 0. {refused[0] if refused else ''}"
            )
        return report

    def empty(self) -> None:
        """Forget everything that was loaded; the lake stays as it is."""
        for database, table in merge_trees(self.client, ("raw", "ops")):
            self.client.command(f"truncate table {database}.`{table}`")


def merge_trees(client: Client, databases: Sequence[str]) -> list[tuple[str, str]]:
    """(database, table) of all that holds loaded data; `ops.keys` holds what the warehouse is, and is left out."""
    return client.query(
        "select database, name from system.tables where database in {databases:Array(String)} "
        "and engine like '%MergeTree' and (database, name) != ('ops', 'keys') order by database, name",
        parameters={"databases": list(databases)},
    ).result_rows


@contextmanager
def passing_judge() -> Iterator[None]:
    """Without Great Expectations for the length of a block."""
    with patch.object(gate, "_great_expectations", lambda *_: PassingJudge()):
        yield


@contextmanager
def opened_workbench(
    stages: Stages, setting: dict[str, Any], repeats: int, ledger_rows: tuple[int, ...]
) -> Iterator[Workbench]:
    """A workbench on services of its own, whose engine logs its queries."""
    stages.start("Starting a throw-away engine and lake")
    with (
        patch.object(services, "SERVER", "tests.benchmarks.logged_server"),
        tempfile.TemporaryDirectory(prefix="warehouse-bench-") as folder,
        running_services(Path(folder)) as running,
    ):
        # The sensor's resources read the environment.
        with patch.dict(os.environ, {"WAREHOUSE_HOME": folder, "WAREHOUSE_TARGET": "local"}):
            settings = load_settings()
            client = connect(settings)
            prepare_warehouse(client, settings)
            version = client.command("select version()")
            report = Report(setting | {"engine": version})
            yield Workbench(
                settings,
                client,
                connect_lake(settings),
                Stopwatch(running.pid),
                stages,
                report,
                repeats,
                ledger_rows,
                _s3(settings),
            )
            client.close()
        stages.start("Removing them")


def simulate_drops(
    folder: Path, learners: int, on_progress: Callable[[int, int], None] | None = None
) -> dict[str, Path]:
    """The event drops of that many learners, by key."""
    simulate(folder, learners, SAMPLE_DAYS, SEED, on_progress)
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.glob("events/**/*.gz"))}


def sample_lines() -> list[bytes]:
    """Lines of a small simulation, each with its end."""
    with tempfile.TemporaryDirectory(prefix="warehouse-sample-") as folder:
        drops = simulate_drops(Path(folder), SAMPLE_LEARNERS)
        return [line for path in drops.values() for line in gzip.decompress(path.read_bytes()).splitlines(True)]


def _s3(settings: Settings) -> Any:
    return s3_client(
        settings,
        max_pool_connections=UPLOADS_AT_ONCE,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
