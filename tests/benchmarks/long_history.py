"""What a long history costs: a sensor's tick, one new object, a read of the newest load, the status."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial

from dagster import DagsterInstance, build_sensor_context, job, op

from orchestration.loading import live_fingerprint, status
from orchestration.loading.lake.scope import Scope
from orchestration.resources.connections import LakeResource, QueueResource, WarehouseResource
from orchestration.sensors.drops import define_drops_sensor
from tests.benchmarks.history import Histories
from tests.benchmarks.report import Target
from tests.benchmarks.stopwatch import BenchmarkError, Cost, best, timed_steps
from tests.benchmarks.workbench import Workbench, passing_judge

TICK, ONE_OBJECT, READ, STATUS = "tick", "one", "read", "status"
TICK_SECONDS = Target(2.0)
ONE_OBJECT_RATIO = Target(1.2)
LINES_OF_SMALL_OBJECT = 100
LOADS_OF_A_TURN = 3
LOADS_READ_BESIDE = 40

_NEWEST = """
select count(), sum(length(line)) from raw.event_lines
where load_id = {load_id:String}
and (load_id, object_id) in (select load_id, object_id from ops.live_objects where kind = 'events')
"""


def prepare(bench: Workbench, listed: int, lines: list[bytes]) -> Histories:
    """A lake whose objects are all loaded, and ledgers of every size over it."""
    bench.stages.start(f"Loading the {listed} objects that the lake lists")
    bench.put(_recent_objects(listed, lines))
    with passing_judge():
        bench.load(listed)
    histories = Histories(bench.client, bench.settings.lake.bucket)
    histories.keep(0)
    for size in bench.ledger_rows:
        bench.stages.start(f"Making a ledger of {size:,} objects")
        histories.lay(0)
        histories.keep(size)
    return histories


def measure_tick(bench: Workbench, histories: Histories) -> None:
    """A tick of the sensor that finds nothing new, with everything that Dagster has it do."""
    largest = max(bench.ledger_rows)
    for size in (0, *bench.ledger_rows):
        bench.stages.start(f"Ticks with a ledger of {size:,} objects")
        histories.lay(size)
        cursor = _tick("")
        target = TICK_SECONDS if size == largest else None
        for name, start in ("tick with nothing new", cursor), ("tick that lost its cursor", ""):
            cost = best([bench.stopwatch.cost_of(partial(_tick, start)) for _ in range(bench.repeats)])
            bench.report.add(TICK, f"{name}, ledger of {size:,}", cost.seconds, "s", target)
            bench.report.add(TICK, f"{name}, ledger of {size:,}: CPU", cost.cpu_seconds, "s")


def measure_one_object(bench: Workbench, histories: Histories, lines: list[bytes]) -> None:
    """One new small object, loaded with the scope of its folder; the sizes take turns."""
    sizes = (0, *bench.ledger_rows)
    for name, judge, loads in ("no gate", passing_judge, LOADS_OF_A_TURN), ("the gate", nullcontext, 1):
        bench.stages.start(f"Loading one new object at a time ({name})", bench.repeats * len(sizes))
        costs: dict[int, list[Cost]] = {size: [] for size in sizes}
        for turn in range(bench.repeats * len(sizes)):
            size = sizes[turn % len(sizes)]
            histories.lay(size)
            with passing_judge():
                # The first load after a change of the ledger reads it from disk.
                _load_one(bench, lines)
            with judge():
                costs[size] += [_load_one(bench, lines) for _ in range(loads)]
            bench.stages.move(turn + 1, note=f"ledger of {size:,}")
        _report_one_object(bench, name, {size: best(taken) for size, taken in costs.items()})
    _report_steps(bench, histories, lines)


def _report_one_object(bench: Workbench, name: str, costs: dict[int, Cost]) -> None:
    for size, cost in costs.items():
        if size:
            ratio = cost.seconds / costs[0].seconds
            title = f"one new object ({name}), ledger of {size:,} against none"
            bench.report.add(ONE_OBJECT, title, ratio, "ratio", ONE_OBJECT_RATIO)
            cpu_ratio = cost.cpu_seconds / costs[0].cpu_seconds
            bench.report.add(ONE_OBJECT, f"its CPU ({name}), ledger of {size:,} against none", cpu_ratio, "ratio")
    for size, cost in costs.items():
        bench.report.add(ONE_OBJECT, f"one new object ({name}), ledger of {size:,}", cost.seconds, "s")


def _report_steps(bench: Workbench, histories: Histories, lines: list[bytes]) -> None:
    """Where the time goes: the steps of one object, with the smallest ledger and with the largest."""
    for size in (0, max(bench.ledger_rows)):
        bench.stages.start(f"Steps of one new object with a ledger of {size:,}")
        histories.lay(size)
        turns = []
        with passing_judge():
            for _ in range(bench.repeats):
                with _new_object(bench, lines) as scope, timed_steps(bench.stopwatch) as steps:
                    bench.load(1, scope)
                turns.append(steps)
        for step in turns[0]:
            cost = best([turn[step] for turn in turns])
            bench.report.add(ONE_OBJECT, f"step {step} (no gate), ledger of {size:,}", cost.seconds, "s")


def measure_read(bench: Workbench, histories: Histories, lines: list[bytes]) -> None:
    """The lines of the newest load, as the models read them: through ops.live_objects."""
    histories.lay(0)
    folder, body = _fresh_folder(), b"".join(lines)
    bench.put({f"{folder}newest.ndjson.gz": gzip.compress(body, 1)})
    with passing_judge():
        bench.load(1, Scope((folder,)))
    load_id = bench.value("select load_id from ops.load_commits order by committed_at desc limit 1")
    newest = f"select * from ops.{{}} where load_id = '{load_id}'"
    rows = {table: newest.format(table) for table in ("load_commits", "load_gates")}
    alone = _cost_of_read(bench, load_id, len(lines))
    bench.stages.start(f"Laying {LOADS_READ_BESIDE} older loads into raw")
    bench.client.command(
        "insert into raw.event_lines select * replace "
        f"(concat('0', toString(arrayJoin(range({LOADS_READ_BESIDE}))), load_id) as load_id) "
        f"from raw.event_lines where load_id = '{load_id}'"
    )
    beside = _cost_of_read(bench, load_id, len(lines))
    _report_read(bench, "alone in raw", alone, alone)
    _report_read(bench, f"beside {LOADS_READ_BESIDE} other loads", beside, alone)
    _with_histories(bench, histories, rows, load_id, len(lines), alone)


def _with_histories(
    bench: Workbench, histories: Histories, rows: dict[str, str], load_id: str, expected: int, alone: Cost
) -> None:
    bench.client.command("create database bench_newest")
    for table, select in rows.items():
        bench.client.command(f"create table bench_newest.{table} engine = MergeTree order by () as {select}")
    for size in bench.ledger_rows:
        histories.lay(size)
        for table in rows:
            bench.client.command(f"insert into ops.{table} select * from bench_newest.{table}")
        cost = _cost_of_read(bench, load_id, expected)
        _report_read(bench, f"beside {LOADS_READ_BESIDE} other loads, ledger of {size:,}", cost, alone)


def _report_read(bench: Workbench, where: str, cost: Cost, alone: Cost) -> None:
    bench.report.add(READ, f"newest load {where}", cost.seconds, "s")
    if cost is not alone:
        bench.report.add(READ, f"newest load {where}, against alone", cost.seconds / alone.seconds, "ratio")


def _cost_of_read(bench: Workbench, load_id: str, expected: int) -> Cost:
    def read() -> None:
        seen = bench.client.query(_NEWEST, parameters={"load_id": load_id}).result_rows[0][0]
        if seen != expected:
            raise BenchmarkError(f"Readers see {seen} lines of load {load_id}; expected {expected}.")

    read()
    return best([bench.stopwatch.cost_of(read) for _ in range(bench.repeats)])


def measure_status(bench: Workbench, histories: Histories) -> None:
    """The questions that look at everything."""
    questions: dict[str, Callable[[], object]] = {
        "status": lambda: status(bench.client, bench.lake),
        "live_fingerprint": lambda: live_fingerprint(bench.client),
    }
    for size in bench.ledger_rows:
        histories.lay(size)
        for name, ask in questions.items():
            bench.stages.start(f"{name} with a ledger of {size:,} objects")
            cost = best([bench.stopwatch.cost_of(ask) for _ in range(bench.repeats)])
            bench.report.add(STATUS, f"{name}, ledger of {size:,}", cost.seconds, "s")
            bench.report.add(STATUS, f"{name}, ledger of {size:,}: CPU", cost.cpu_seconds, "s")


def _recent_objects(count: int, lines: list[bytes]) -> dict[str, bytes]:
    """Small objects in the folders of yesterday and today, as four busy sources leave them."""
    today = datetime.now(UTC).date()
    objects = {}
    for number in range(count):
        source = ("lms", "mobile", "video", "web")[number % 4]
        day = today - timedelta(days=number // 4 % 2)
        body = b"".join(lines[number * 10 % len(lines) :][:10])
        objects[f"events/{source}/dt={day:%Y-%m-%d}/listed-{number:05d}.ndjson.gz"] = gzip.compress(body, 1)
    return objects


_folders = iter(range(1_000_000))


def _fresh_folder() -> str:
    """A folder that no load has seen."""
    return f"events/bench-{next(_folders):06d}/dt={datetime.now(UTC):%Y-%m-%d}/"


@contextmanager
def _new_object(bench: Workbench, lines: list[bytes]) -> Iterator[Scope]:
    """The scope of a folder with one small object that no load has seen."""
    folder = _fresh_folder()
    key = f"{folder}part.ndjson.gz"
    bench.put({key: gzip.compress(b"".join(lines[:LINES_OF_SMALL_OBJECT]), 1)})
    yield Scope((folder,))
    bench.delete([key])


def _load_one(bench: Workbench, lines: list[bytes]) -> Cost:
    with _new_object(bench, lines) as scope:
        return bench.stopwatch.cost_of(lambda: bench.load(1, scope))


def _tick(cursor: str) -> str:
    """One evaluation of the sensor, as the daemon does it; the cursor for the next one."""

    @op
    def nothing() -> None: ...

    @job
    def near_real_time() -> None:
        nothing()

    sensor = define_drops_sensor(near_real_time, ("near_real_time", "nightly"))
    resources = {"warehouse": WarehouseResource(), "lake": LakeResource(), "queue": QueueResource()}
    with (
        DagsterInstance.ephemeral() as instance,
        build_sensor_context(instance, cursor, resources=resources, sensor_name=sensor.name) as context,
    ):
        tick = sensor.evaluate_tick(context)
    if tick.run_requests:
        raise BenchmarkError(f"A tick over a loaded lake asked for a run: {tick.run_requests[0].tags}.")
    if "in the ledger" not in (tick.skip_message or ""):
        raise BenchmarkError(f"A tick did not look at the lake: {tick.skip_message!r}.")
    return tick.cursor or ""
