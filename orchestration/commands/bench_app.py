"""`warehouse bench …` as the command line shows it."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands.run import Job

bench = typer.Typer(no_args_is_help=True, help="Measure the warehouse on a throw-away copy of it.")


@bench.command("load")
def bench_load(
    lines: Annotated[int, typer.Option(min=1, help="About how many lines the load rate is measured with.")] = 1_000_000,
    only: Annotated[
        str | None, typer.Option(help="Parts to run, with commas: rate, tick, one, read, status; by default all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON document.")] = False,
) -> None:
    """How fast lines are loaded, and what a ledger of a million objects costs a tick, a load, a read.

    Everything happens in a throw-away home; WAREHOUSE_HOME is not touched. Takes some minutes, and is honest only on a
    machine that does nothing else. Exit code 0: measured, whether or not the targets are met.
    """
    from orchestration.commands.bench import run_benchmark

    arguments = ["--lines", str(lines)] + (["--only", only] if only else []) + (["--json"] if as_json else [])
    raise typer.Exit(run_benchmark("load", arguments))


@bench.command("marts")
def bench_marts(
    statements: Annotated[
        str | None, typer.Option(help="Sizes of the history, with commas; by default 1, 3 and 10 million statements.")
    ] = None,
    drop: Annotated[int, typer.Option(min=1, help="About how many statements the incremental run meets.")] = 50_000,
    nightly: Annotated[bool, typer.Option("--nightly", help="Build the nightly marts as well.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes: does it run at all?")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON document.")] = False,
) -> None:
    """What the marts cost: a full build, an incremental run on a long history, the questions of a dashboard.

    Everything happens in a throw-away home; WAREHOUSE_HOME is not touched. Takes an hour and 10 GB of disk with the
    default sizes, and is honest only on a machine that does nothing else. Exit code 0: measured, whether or not the
    targets are met.
    """
    from orchestration.commands.bench import run_benchmark

    arguments = ["--drop", str(drop)] + (["--statements", statements] if statements else [])
    flags = {"--nightly": nightly, "--quick": quick, "--json": as_json}
    raise typer.Exit(run_benchmark("marts", arguments + [flag for flag, is_set in flags.items() if is_set]))


@bench.command("floor")
def bench_floor(
    statements: Annotated[int, typer.Option(min=2000, help="About how many statements the history has.")] = 1_000_000,
    only: Annotated[
        str | None,
        typer.Option(help="Rows, with commas: demo, whole, small, large, idle, edit, up; by default all."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON document.")] = False,
) -> None:
    """What a person waits for: the demo, a run from nothing, on a small and on a large drop, an edited model, `up`.

    Seconds and CPU seconds of all that a command starts, in throw-away homes of a copy of the checkout. Takes many
    minutes with the default size, and is honest only on a machine that does nothing else.
    Exit code 0: measured, whether or not the targets are met.
    """
    from orchestration.commands.bench import run_benchmark

    arguments = ["--statements", str(statements)] + (["--only", only] if only else []) + (["--json"] if as_json else [])
    raise typer.Exit(run_benchmark("floor", arguments))


@bench.command("statements")
def bench_statements(
    path: Annotated[Path, typer.Argument(help="A file or folder of statements, as 'warehouse put' takes it.")],
    drop: Annotated[
        Path | None, typer.Option(help="A second file or folder, which follows as the increment (near_real_time).")
    ] = None,
    job: Annotated[Job, typer.Option(help="Which marts the first delivery builds; weekly builds all.")] = Job.WEEKLY,
    source: Annotated[str, typer.Option(help="Name of the system that the statements come from.")] = "bench",
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON document.")] = False,
) -> None:
    """What your own statements cost, by stage: start-up, load, gate, models, tests, and bytes on disk.

    They are put into a throw-away home and run as 'warehouse put' and 'warehouse run' do it; WAREHOUSE_HOME is not
    touched. The same statements can be given to another tool to compare. Exit code 0: measured; 1: no statement was
    accepted, or the run failed.
    """
    from orchestration.commands.bench import run_benchmark

    arguments = [str(path.absolute()), "--job", job.value, "--source", source]
    arguments += (["--drop", str(drop.absolute())] if drop else []) + (["--json"] if as_json else [])
    raise typer.Exit(run_benchmark("statements", arguments))


@bench.command("churn")
def bench_churn(
    rows: Annotated[
        int, typer.Option(min=2000, help="Learner-weeks to learn from, to judge by and to score.")
    ] = 100_000,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON document.")] = False,
) -> None:
    """What it costs to train the churn model and to score, stage by stage.

    Everything happens in a throw-away home; WAREHOUSE_HOME is not touched. Takes some minutes with the default size.
    Exit code 0: measured, whether or not the target is met.
    """
    from orchestration.commands.bench import run_benchmark

    raise typer.Exit(run_benchmark("churn", ["--rows", str(rows)] + (["--json"] if as_json else [])))
