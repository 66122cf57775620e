"""`python -m tests.benchmarks.load`: what loading costs, on a throw-away warehouse of its own.

The same as `warehouse bench load`. Parts, each to be run alone with `--only`:

    rate     land + audit + commit of --lines simulated lines, as a share of the engine's bare scan of the same objects
    tick     a tick of the sensor that finds nothing new, by size of the ledger
    one      one new object of 100 lines, by size of the ledger, with and without the gate
    read     the lines of the newest load through ops.live_objects, by size of raw and of the ledger
    status   `status` and `live_fingerprint`, by size of the ledger

How to read it: compare within one run only. Every target is a ratio of two times of one run, or has much room, because
times of different machines and days do not compare. Each time is the best of --repeats (other work on the machine only
ever adds time); a ratio that fails narrowly on a busy machine is checked by its CPU twin, which stands beside it.
Shares of the bare scan mean something from some 300,000 lines on: below, the fixed costs of a load outweigh its lines.
The gate's cost hardly depends on the number of lines: Great Expectations takes some 2 s of CPU per load.
"Ledger of N" is N made-up objects (loads of 50 over a year, one in 50 overwritten) beside those the lake lists.
"""

import argparse
import os
import sys

from orchestration.commands.display import Stages
from tests.benchmarks import load_rate, long_history
from tests.benchmarks.program import run_program
from tests.benchmarks.report import Report
from tests.benchmarks.workbench import Workbench, opened_workbench, sample_lines

PARTS = (load_rate.PART, long_history.TICK, long_history.ONE_OBJECT, long_history.READ, long_history.STATUS)
DEFAULT_LINES = 1_000_000
DEFAULT_LEDGERS = (10_000, 1_000_000)
DEFAULT_LISTED = 400
DEFAULT_REPEATS = 3


def main(arguments: list[str] | None = None) -> int:
    chosen = _arguments(arguments)
    return run_program(lambda stages: run(chosen, stages), chosen.json)


def run(chosen: argparse.Namespace, stages: Stages) -> Report:
    """Measure the chosen parts."""
    parts = chosen.only or PARTS
    setting = {"lines": chosen.lines, "listed objects": chosen.listed, "best of": chosen.repeats}
    with opened_workbench(stages, setting | {"cores": os.cpu_count()}, chosen.repeats, chosen.ledger_rows) as bench:
        if load_rate.PART in parts:
            load_rate.measure(bench, chosen.lines)
        if set(parts) - {load_rate.PART}:
            _measure_history(bench, parts, chosen.listed)
    return bench.report


def _measure_history(bench: Workbench, parts: tuple[str, ...], listed: int) -> None:
    lines = sample_lines()
    histories = long_history.prepare(bench, listed, lines)
    if long_history.TICK in parts:
        long_history.measure_tick(bench, histories)
    if long_history.ONE_OBJECT in parts:
        long_history.measure_one_object(bench, histories, lines)
    if long_history.STATUS in parts:
        long_history.measure_status(bench, histories)
    if long_history.READ in parts:
        long_history.measure_read(bench, histories, lines)


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="warehouse bench load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=_count, default=DEFAULT_LINES, help="lines of the rate (about that many)")
    parser.add_argument("--only", type=_parts, help=f"parts to run, with commas: {','.join(PARTS)}")
    parser.add_argument("--ledger-rows", type=_sizes, default=DEFAULT_LEDGERS, help="sizes, with commas, ascending")
    parser.add_argument("--listed", type=_count, default=DEFAULT_LISTED, help="objects that the lake lists")
    parser.add_argument("--repeats", type=_count, default=DEFAULT_REPEATS, help="times that each measure is taken")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    number = int(text.replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected 1 or more")
    return number


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted({_count(size) for size in text.split(",")}))


def _parts(text: str) -> tuple[str, ...]:
    unknown = set(text.split(",")) - set(PARTS)
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: expected some of {', '.join(PARTS)}")
    return tuple(text.split(","))


if __name__ == "__main__":
    sys.exit(main())
