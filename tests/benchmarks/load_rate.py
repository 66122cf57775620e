"""How fast lines are loaded, as a share of the fastest that this engine can read the same objects at all."""

import math
import tempfile
from pathlib import Path

from orchestration.loading.steps.land import lake_url
from tests.benchmarks.report import Target
from tests.benchmarks.stopwatch import BenchmarkError, Cost, best, timed_steps
from tests.benchmarks.workbench import Workbench, simulate_drops

PART = "rate"
LEAST_SHARE = Target(0.4, is_minimum=True)
LINES_PER_LEARNER = 78
"""Of the simulator, over 28 days."""
LEAST_OBJECT_BYTES = 1 << 20
"""Stored; some 10,000 lines, an hour of a busy source. With many small objects scan and load alike mostly wait for the
lake, and the share looks better than it is."""
KEYS_PER_SCAN = 500
"""ClickHouse refuses texts of queries above 256 KiB."""


def measure(bench: Workbench, lines: int) -> None:
    """Load the same objects again and again into an empty warehouse, each time beside a bare scan of them."""
    keys = _fill_lake(bench, lines)
    scans, loads, gated, steps = [], [], [], {}
    at_rest = bench.stopwatch.memory_mib()
    _import_the_gate(bench, keys)
    totals = _bare_scan(bench, keys)
    for turn in range(bench.repeats):
        bench.stages.start(f"Loading {len(keys)} objects, time {turn + 1} of {bench.repeats}")
        scans.append(bench.stopwatch.cost_of(lambda: _bare_scan(bench, keys)))
        bench.empty()
        with timed_steps(bench.stopwatch) as taken:
            report = bench.load(len(keys))
        load = taken["plan"] + taken["land"] + taken["audit"] + taken["commit"]
        loads.append(load)
        gated.append(load + taken["gate"])
        steps = taken if turn == 0 or load.seconds <= min(cost.seconds for cost in loads) else steps
        if totals[0] != report.line_count:
            raise BenchmarkError(f"{report.line_count} lines were loaded; the bare scan counts {totals[0]}.")
    _report(bench, totals, best(scans), best(loads), best(gated), steps)
    bench.report.add(PART, "memory of the engine's process before all", at_rest, "MiB")
    bench.delete(keys)
    bench.empty()


def _fill_lake(bench: Workbench, lines: int) -> list[str]:
    learners = math.ceil(lines / LINES_PER_LEARNER)
    bench.stages.start(f"Simulating about {lines:,} lines", learners)
    with tempfile.TemporaryDirectory(dir=bench.settings.home) as folder:
        drops = simulate_drops(Path(folder), learners, bench.stages.move)
        objects = joined({key: path.read_bytes() for key, path in drops.items()}, LEAST_OBJECT_BYTES)
    bench.stages.start(f"Writing {len(objects)} objects to the lake")
    bench.put(objects)
    return list(objects)


def joined(bodies: dict[str, bytes], least_bytes: int) -> dict[str, bytes]:
    """Neighbours put together, as several gzip members, until they have the size; keys are the first ones'."""
    objects: dict[str, bytes] = {}
    pieces: list[bytes] = []
    for key, body in bodies.items():
        if not pieces:
            first = key
        pieces.append(body)
        if sum(map(len, pieces)) >= least_bytes:
            objects[first], pieces = b"".join(pieces), []
    if pieces:
        objects[first] = b"".join(pieces)
    return objects


def _import_the_gate(bench: Workbench, keys: list[str]) -> None:
    """One load that is not measured: Great Expectations takes seconds to import, once per process."""
    bench.stages.start("Warming up")
    bench.load(len(keys))


def _bare_scan(bench: Workbench, keys: list[str]) -> tuple[int, int]:
    """(lines, bytes) as the engine counts them with its own defaults, keeping nothing."""
    lake = bench.settings.lake
    count = size = 0
    for first in range(0, len(keys), KEYS_PER_SCAN):
        pattern = ",".join(keys[first : first + KEYS_PER_SCAN])
        row = bench.client.query(
            f"select count(), sum(length(line)) from s3('{lake_url(lake)}/{{{pattern}}}', "
            "{lake_key:String}, {lake_secret:String}, 'LineAsString', 'line String')",
            parameters={"lake_key": lake.access_key_id, "lake_secret": lake.secret_access_key},
        ).result_rows[0]
        count, size = count + int(row[0]), size + int(row[1])
    return count, size


def _report(
    bench: Workbench, totals: tuple[int, int], scan: Cost, load: Cost, gated: Cost, steps: dict[str, Cost]
) -> None:
    lines, size = totals
    add = bench.report.add
    add(PART, "share of the bare scan: land + audit + commit", scan.seconds / load.seconds, "ratio", LEAST_SHARE)
    add(PART, "share of the bare scan: with the gate", scan.seconds / gated.seconds, "ratio")
    add(PART, "share of the bare scan in CPU seconds", scan.cpu_seconds / load.cpu_seconds, "ratio")
    add(PART, "lines", lines, "lines")
    add(PART, "bare scan", lines / scan.seconds, "lines/s")
    add(PART, "land + audit + commit", lines / load.seconds, "lines/s")
    add(PART, "land + audit + commit, uncompressed", size / load.seconds / 1e6, "MB/s")
    for name, cost in {"bare scan": scan, "land + audit + commit": load, "with the gate": gated}.items():
        add(PART, f"{name}: time", cost.seconds, "s")
        add(PART, f"{name}: CPU", cost.cpu_seconds, "s")
    for step, cost in steps.items():
        add(PART, f"step {step}: time in the best load", cost.seconds, "s")
        add(PART, f"step {step}: CPU in the best load", cost.cpu_seconds, "s")
    stored = bench.value(
        "select sum(bytes_on_disk) from system.parts where active and database = 'raw' and table = 'event_lines'"
    )
    add(PART, "stored bytes per line", stored / lines, "bytes")
    add(PART, "line bytes per line", size / lines, "bytes")
    add(PART, "peak memory of the engine's process", max(load.peak_mib, gated.peak_mib), "MiB")
