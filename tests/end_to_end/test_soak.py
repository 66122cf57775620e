"""Ten minutes of drops at a hundred times the demo's rate, with the real daemon: what is delivered is seen in time.

`uv run pytest -n0 -s -m soak tests/end_to_end` takes a quarter of an hour; `--minutes N` makes it longer or shorter.
"""

import gzip
import json
import signal
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from orchestration.contract.rules import LineJudge
from orchestration.loading import status
from orchestration.resources.lake import connect_lake
from orchestration.resources.warehouse import connect
from orchestration.settings import load_settings
from orchestration.simulate.simulator import simulate
from tests.faults.small_project import RUN, copy_files, own_environment
from tests.object_store import s3_client

DROP_SECONDS = 10.0
STATEMENTS = 50
"""A drop of 50 statements each ten seconds are 300 a minute; the demo's learners make three."""
LAG_P95_SECONDS = 180.0
LOOK_SECONDS = 2.0
CATCH_UP_SECONDS = 300.0
MEMORY_RATIO = 1.25

pytestmark = [pytest.mark.soak, pytest.mark.slow, pytest.mark.timeout(24 * 3600)]


class Site:
    """A home in which `warehouse up` runs."""

    def __init__(self, folder: Path) -> None:
        self.project, self.home, self._log = copy_files(folder / "project"), folder / "home", folder / "log"

    def start(self) -> None:
        """Start `up`, and wait for its UI."""
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, "up"],
                cwd=self.project,
                env=own_environment(self.project, self.home),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(lambda: (self.home / "up.url").exists() or self.process.poll() is not None, 180)
        assert self.process.poll() is None, self._log.read_text()[-3000:]
        self.settings = load_settings({"WAREHOUSE_HOME": str(self.home)})

    def stop(self) -> None:
        """Ctrl-C, as a person ends it."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(90) == 0, self._log.read_text()[-3000:]

    def put(self, key: str, content: bytes) -> None:
        s3_client(self.settings).put_object(Bucket=self.settings.lake.bucket, Key=key, Body=content)

    def seen(self) -> int:
        """Events that the mart counts now."""
        try:
            return connect(self.settings).query("select sum(events) from marts.agg_daily_activity").result_rows[0][0]
        except ClickHouseError:  # before the first build
            return 0

    def memory(self) -> int:
        """Bytes of all processes of `up`, what they share counted once for each."""
        tree = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        return sum(size for process in tree if (size := resident(process)))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    started = Site(tmp_path)
    yield started
    if started.process.poll() is None:
        started.process.kill()


def test_what_is_delivered_is_seen_within_three_minutes(site: Site, tmp_path: Path, request) -> None:
    minutes = request.config.getoption("--minutes")
    catalogue, templates = simulated(tmp_path / "simulated")
    site.start()
    site.put("catalog/catalog.ndjson", catalogue)
    delivered: list[tuple[float, int]] = []  # moment of each drop, statements up to it
    lags: list[float] = []
    memory: list[int] = []
    told: list[str] = []
    begun_at = time.monotonic()
    ends_at = begun_at + minutes * 60
    while (now := time.monotonic()) < ends_at + CATCH_UP_SECONDS and (now < ends_at or len(lags) < len(delivered)):
        if now < ends_at and now - begun_at >= len(delivered) * DROP_SECONDS:
            site.put(f"events/soak/dt={datetime.now(UTC):%Y-%m-%d}/{len(delivered):05d}.ndjson.gz", drop(templates))
            delivered.append((time.monotonic(), (len(delivered) + 1) * STATEMENTS))
        seen = site.seen()
        while len(lags) < len(delivered) and seen >= delivered[len(lags)][1]:
            lags.append(time.monotonic() - delivered[len(lags)][0])
        memory.append(site.memory())
        if now - begun_at >= len(told) * 60:
            mebibytes = memory[-1] / 2**20
            told.append(f"{now - begun_at:.0f} s: {len(delivered)} drops, {seen:,} events seen, {mebibytes:.0f} MiB")
            print(told[-1], flush=True)
        time.sleep(LOOK_SECONDS)
    state = status(connect(site.settings), connect_lake(site.settings))
    site.stop()
    p95 = statistics.quantiles(lags, n=20)[-1] if len(lags) > 1 else float("nan")
    third = len(memory) // 3
    early, late = statistics.mean(memory[third : 2 * third]), statistics.mean(memory[2 * third :])
    print(f"\n{len(delivered)} drops, {delivered[-1][1]:,} statements", end=", ")
    print(
        f"seen after {statistics.median(lags):.0f} s (median), {p95:.0f} s (p95), {max(lags):.0f} s (longest)", end=", "
    )
    print(f"memory {early / 2**20:.0f} → {late / 2**20:.0f} MiB")
    assert len(lags) == len(delivered), "drops were not seen"
    assert (state.due, state.held, state.parked) == (0, 0, 0)
    assert state.lines_accepted == delivered[-1][1] + catalogue.count(b"\n")
    assert p95 <= LAG_P95_SECONDS
    assert late <= early * MEMORY_RATIO


def simulated(folder: Path) -> tuple[bytes, list[dict]]:
    """A catalogue, and statements of its courses to be sent again with other ids and times; none that is refused."""
    simulate(folder, 30, 14, 7)
    judge, statements = LineJudge("events"), []
    for file in sorted((folder / "events").rglob("*.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            with suppress(ValueError):  # a planted fault
                statements.append(json.loads(line))
    sound = [document for document in statements if isinstance(document, dict) and judge.fault(document) is None]
    return (folder / "catalog" / "catalog.ndjson").read_bytes(), [
        statement for statement in sound if not statement["verb"]["id"].endswith("/voided")
    ]


def drop(templates: list[dict]) -> bytes:
    """STATEMENTS statements of the last minute; each call goes on where the last one stopped."""
    now = datetime.now(UTC)
    lines = []
    for number in range(STATEMENTS):
        moment = now - timedelta(seconds=STATEMENTS - number)
        statement = templates.pop(0)
        templates.append(statement)
        lines.append(json.dumps(statement | {"id": str(uuid.uuid4()), "timestamp": moment.isoformat()}))
    return gzip.compress("\n".join(lines).encode() + b"\n")


def resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def wait_for(is_so, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)
