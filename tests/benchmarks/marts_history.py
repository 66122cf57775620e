"""A history of millions of statements: one simulated month, given to ever more learners in ever earlier months.

Everything happens inside the engine. A copy has learners and statement ids of its own and lies a whole number of
simulated months before the newest one, so that a longer history has more months, more learners, and more of them at a
time, as that of a growing platform has. The statements of the newest days are kept back: they are the drop that the
incremental run meets.
"""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

from orchestration.loading import load_pending
from orchestration.loading.lake.upload import put_drop
from orchestration.simulate.simulator import simulate
from tests.benchmarks.stopwatch import BenchmarkError
from tests.benchmarks.workbench import SAMPLE_DAYS, SEED, Workbench, passing_judge

TEMPLATE = "bench_template"
LINES_PER_LEARNER = 78
"""Of the simulator, over 28 days."""
NEWEST = "newest"
"""How the load is called that comes last."""

_UUID = '"id":"[0-9a-f]{4}([0-9a-f]{4}-)'
_ACCOUNT = '("account":[{]"homePage":"[^"]*","name":")'
_TIMES = ("timestamp", "stored", "enrolled_at")
_REPORTED = 'parseDateTimeBestEffortOrZero(extract(line, \'"timestamp":"([^"]*)"\'), \'UTC\')'
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_LEDGER = {
    "load_plan (load_id, {drop}, planned_at)": "load_id, {values}, delivered_at",
    "load_commits (load_id, {drop}, line_count, rejected_count, line_bytes, checksum, committed_at)": (
        "load_id, {values}, lines, rejected, bytes, 0, loaded_at"
    ),
    "load_gates (load_id, object_id, verdict, reason, judged_at)": "load_id, object_id, 'pass', '', loaded_at",
}
_DROP = "object_id, kind, source, bucket, object_key, etag, size_bytes, last_modified"
_VALUES = "object_id, '{kind}', source, 'bench', object_key, object_id, bytes, delivered_at"


@dataclass(frozen=True)
class Copy:
    """One simulated month over again, `months` before the newest."""

    number: int
    months: int


def copies_of(count: int) -> list[Copy]:
    """That many copies over count^⅔ months: eight times as many are four times the months, each twice as busy."""
    months = max(1, round(count ** (2 / 3)))
    return [Copy(number, number % months) for number in range(count)]


def load_template(bench: Workbench, lines: int) -> int:
    """Simulate one month, load it, and put its lines aside; how many there are."""
    learners = max(20, lines // LINES_PER_LEARNER)
    bench.stages.start(f"Simulating {learners:,} learners", learners)
    with tempfile.TemporaryDirectory(dir=bench.settings.home) as folder, passing_judge():
        simulate(Path(folder), learners, SAMPLE_DAYS, SEED, bench.stages.move)
        bench.stages.start("Loading them")
        put_drop(bench.lake, [Path(folder)])
        load_pending(bench.client, bench.lake, bench.settings)
    bench.client.command(f"create database {TEMPLATE}")
    for table in ("event_lines", "learner_lines", "catalog_lines"):
        bench.client.command(f"create table {TEMPLATE}.{table} as raw.{table}")
        bench.client.command(f"insert into {TEMPLATE}.{table} select * from raw.{table}")
    return bench.value(f"select count() from {TEMPLATE}.event_lines")


def lay_history(bench: Workbench, statements: int, drop: int) -> int:
    """Make raw a history of about that many statements; the lines of the drop that is kept back."""
    bench.empty()
    template_lines = bench.value(f"select count() from {TEMPLATE}.event_lines")
    copies = copies_of(math.ceil((statements + drop) / template_lines))
    bench.stages.start(f"Laying {len(copies)} simulated months", len(copies))
    newest = sum(copy.months == 0 for copy in copies)
    cutoff = _cutoff(bench, 1 - drop / newest / template_lines)
    for copy in copies:
        _lay_events(bench, copy, cutoff)
        _lay_learners(bench, copy)
        bench.stages.move(copy.number + 1)
    bench.client.command(f"insert into raw.catalog_lines select * from {TEMPLATE}.catalog_lines")
    for kind, table in ("events", "event_lines"), ("learners", "learner_lines"), ("catalog", "catalog_lines"):
        _enter(bench, kind, table, f"load_id not like '{NEWEST}%'")
    held_back = bench.value(f"select count() from raw.event_lines where load_id like '{NEWEST}%'")
    if not 0.5 * drop <= held_back <= 2 * drop:
        raise BenchmarkError(f"The drop has {held_back:,} lines; asked for were {drop:,}.")
    return held_back


def deliver_newest(bench: Workbench) -> None:
    """Publish the load that was kept back."""
    _enter(bench, "events", "event_lines", f"load_id like '{NEWEST}%'")


def _cutoff(bench: Workbench, share: float) -> str:
    """The moment before which that share of the template's statements happened."""
    return bench.value(
        "select toString(toDateTime(quantileExact({share:Float64})(at), 'UTC')) from "
        f"(select nullIf({_REPORTED}, toDateTime(0, 'UTC')) as at from {TEMPLATE}.event_lines where at is not null)",
        share=share,
    )


def _lay_events(bench: Workbench, copy: Copy, cutoff: str) -> None:
    is_newest = f"{_REPORTED} >= toDateTime('{cutoff}', 'UTC')" if copy.months == 0 else "false"
    _insert(bench, "event_lines", copy, is_newest)


def _lay_learners(bench: Workbench, copy: Copy) -> None:
    _insert(bench, "learner_lines", copy, "false")


def _insert(bench: Workbench, table: str, copy: Copy, is_newest: str) -> None:
    back = f"toIntervalDay({copy.months * SAMPLE_DAYS})"
    bench.client.command(
        f"insert into raw.{table} (load_id, object_id, object_key, source, line_number, line, reject, delivered_at, "
        f"loaded_at) with {_retold(copy)}, {is_newest} as is_newest "
        f"select concat(if(is_newest, '{NEWEST}', '{copy.number:04}'), load_id), "
        f"lower(hex(sipHash128(object_id, {copy.number}, is_newest))), "
        f"concat(object_key, '-{copy.number}', if(is_newest, '-{NEWEST}', '')), source, line_number, retold, reject, "
        f"delivered_at - {back}, loaded_at - {back} from {TEMPLATE}.{table}",
    )


def _retold(copy: Copy) -> str:
    """The line told of others, in an earlier month; what was sent twice or voided is so in the copy as well."""
    steps = ["line as told_0"]
    if copy.number:
        steps = [f"replaceRegexpAll(line, '{_UUID}', '\"id\":\"{copy.number:04x}\\\\1') as renumbered"]
        steps += [f"replaceRegexpOne(renumbered, '{_ACCOUNT}', '\\\\1{copy.number}.') as renamed"]
        steps += [f"replaceAll(renamed, 'mailto:', 'mailto:{copy.number}.') as told_0"]
    last = 0
    for number, field in enumerate(_TIMES if copy.months else (), start=1):
        head = f'\'"{field}":"\''
        steps += [f'extract(told_{last}, \'"{field}":"({_DAY})\') as day_{number}']
        steps += [f"toString(toDate(toDateOrZero(day_{number}) - {copy.months * SAMPLE_DAYS})) as earlier_{number}"]
        moved = f"replaceOne(told_{last}, concat({head}, day_{number}), concat({head}, earlier_{number}))"
        steps += [f"if(day_{number} = '', told_{last}, {moved}) as told_{number}"]
        last = number
    return ", ".join([*steps, f"told_{last} as retold"])


def _enter(bench: Workbench, kind: str, table: str, condition: str) -> None:
    """Enter what lies in raw into the ledger, as landed, counted, committed and passed."""
    for place, values in _LEDGER.items():
        bench.client.command(
            f"insert into ops.{place.format(drop=_DROP)} select {values.format(values=_VALUES.format(kind=kind))} from "
            "(select load_id, object_id, any(source) as source, any(object_key) as object_key, count() as lines, "
            "countIf(reject != '') as rejected, sum(length(line)) as bytes, max(delivered_at) as delivered_at, "
            f"max(loaded_at) as loaded_at from raw.{table} where {condition} group by load_id, object_id)",
            settings={"async_insert": 0},
        )
