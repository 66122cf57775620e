"""The `warehouse` command: a thin face; what a command does is in `orchestration.commands`."""

import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from orchestration.commands.answers_app import add_answers
from orchestration.commands.bench_app import bench
from orchestration.commands.bi_app import bi
from orchestration.commands.check import existing_files, known_kind
from orchestration.commands.churn_app import churn
from orchestration.commands.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_TERMINATED
from orchestration.commands.people_app import add_people
from orchestration.commands.realtime.app import realtime
from orchestration.commands.run import Job
from orchestration.commands.sql import Format
from orchestration.contract.forms import ENDINGS
from orchestration.drop_kinds import kinds_in_words
from orchestration.machine.private import keep_private

VERBOSE = "--verbose"


class WarehouseGroup(TyperGroup):
    """Turns whatever goes wrong in a command into one line and an exit code."""

    def invoke(self, context: typer.Context):
        is_verbose = bool(context.params.get("verbose"))
        try:
            return super().invoke(context)
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except KeyboardInterrupt:
            from orchestration.commands.display import print_note

            print_note("Interrupted. Nothing half-loaded is visible; the same command goes on where this one stopped.")
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            # The reader of our output has gone, as `| head` does; no reader is left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(EXIT_FAILED) from None
        except Exception as error:
            from orchestration.commands.display import notes, print_error
            from orchestration.commands.errors import explain

            if is_verbose:
                notes().print_exception()
            print_error(explain(error))
            raise typer.Exit(EXIT_FAILED) from None


app = typer.Typer(
    cls=WarehouseGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Learning events from S3 to marts in ClickHouse. Start with [bold]warehouse demo[/].",
    rich_markup_mode="rich",
)


@app.callback()
def start(verbose: Annotated[bool, typer.Option(VERBOSE, help="Show stack traces of errors.")] = False) -> None:
    pass


@app.command()
def demo(
    learners: Annotated[
        int | None, typer.Option(min=1, help="How many learners; by default enough to show every finding.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How many days they learn for; by default 56.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed draws other learners of the same kind.")] = None,
) -> None:
    """Simulate learners with known habits, load them, build the marts, and compare the findings with what was planted.

    Runs on the embedded services in WAREHOUSE_HOME (default .warehouse). Run again with the same numbers, it loads
    nothing twice and shows the findings again. A home that holds other drops, or a demo of another size, is refused:
    give the demo a home of its own.

    Exit code 0: every finding met; 1: one was missed, or the run failed.
    """
    from orchestration.commands.demo import run_demo

    raise typer.Exit(run_demo(learners, days, seed))


@app.command()
def up(
    realtime: Annotated[
        bool, typer.Option("--realtime", help="Run the real-time path as well: see 'warehouse realtime up'.")
    ] = False,
    dashboards: Annotated[
        bool, typer.Option("--bi", help="Serve the dashboards as well (see 'warehouse bi').")
    ] = False,
    browser: Annotated[bool, typer.Option("--open", help="Open the start page in the browser.")] = False,
) -> None:
    """Run the local services and Dagster, with sensors and schedules on, until Ctrl-C.

    The start page says what needs a person and leads to Dagster, Data Docs, dbt's documentation, the weekly brief and,
    while they run, the dashboards. The port stays the same; WAREHOUSE_UI_PORT fixes it. A process of Dagster that
    crashes is started again.
    """
    from orchestration.commands.up import serve_until_stopped

    raise typer.Exit(serve_until_stopped(realtime, dashboards, browser))


@app.command()
def put(
    paths: Annotated[list[Path], typer.Argument(help=f"Files or folders of drops: {ENDINGS}.")],
    source: Annotated[str, typer.Option(help="Name of the system that the events come from.")] = "default",
    kind: Annotated[str, typer.Option(help=f"What the files hold: {kinds_in_words()}.")] = "events",
) -> None:
    """Upload files or folders to the lake as drops. Nothing is ever overwritten.

    A folder that is laid out like the lake (events/SOURCE/…) keeps its layout. What else a folder holds is left out,
    each file with its reason. A file that is named and cannot be loaded is an error (exit code 1), and nothing is sent.
    """
    from orchestration.commands.put import put as put_paths

    put_paths(paths, source, kind)


@app.command()
def check(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help=f"Files as `put` takes them, but .parquet: {ENDINGS}; - is standard input.",
            callback=existing_files,
        ),
    ],
    kind: Annotated[str, typer.Option(help=f"What they hold: {kinds_in_words()}.", callback=known_kind)] = "events",
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON document.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail as well on flags and missing fields.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="How many rejected lines to show for each file.")] = 20,
) -> None:
    """Judge files before they are sent, line by line, as the warehouse will. Needs no services.

    Says why a line is rejected and where in it the fault is, and which fields are missing that metrics need. Shows no
    values, so that its output can be kept.

    Exit code 0: all lines are accepted; 1: something is rejected, or, under --strict, flagged or missing; 2: wrong
    usage.
    """
    from orchestration.commands.check import check as check_files

    raise typer.Exit(check_files(paths, kind, as_json, strict, limit))


@app.command()
def run(
    job: Annotated[
        Job,
        typer.Option(
            help="near_real_time: what every day asks for; nightly: every model but those of whole weeks; weekly: all."
        ),
    ] = Job.NIGHTLY,
) -> None:
    """Load what is due, judge it, build and test the marts.

    Says what this run did, and what still waits. Over a lake without drops it says so, and builds nothing.

    Exit code 0: all that was delivered is published, or nothing was delivered; 3: some of it is not, since this run or
    an earlier one, because the gate holds it or it cannot be read (see 'warehouse status'); 1: the run failed.
    """
    from orchestration.commands.run import run_job

    raise typer.Exit(run_job(job))


@app.command()
def replay(
    reason: Annotated[str, typer.Option(help="Why; it stays in the ledger.")],
    prefix: Annotated[str, typer.Option(help="Objects below this prefix of the lake.")] = "",
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Objects delivered on this day (UTC) or later.")
    ] = None,
    objects: Annotated[list[str] | None, typer.Option("--object", help="One object by its key; repeatable.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Load objects again that were loaded, held or parked, and build the marts; shows what changes in them.

    What is live stays live until its new reading is: readers never see a hole. Objects that match all given options
    are replayed; an object that the lake no longer has in that version stays as it is.

    Exit code 0: all of it was replayed and is published; 3: some of it was not; 1: nothing matched, or the run failed.
    """
    from orchestration.commands.replay import run_replay

    raise typer.Exit(run_replay(prefix, since.date() if since else None, objects or [], reason, yes))


@app.command()
def release(
    load: Annotated[str, typer.Argument(help="Id of the load, or its beginning; 'warehouse status' shows it.")],
    reason: Annotated[str, typer.Option(help="Why; it stays in the ledger.")],
    objects: Annotated[
        list[str] | None, typer.Option("--object", help="One object of the load by its key; repeatable.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON document.")] = False,
) -> None:
    """Publish what the gate holds of a load, although it failed an expectation.

    The decision is recorded and final: the gate does not overturn it. A corrected delivery of the same key replaces
    what was released, as it replaces everything.

    Exit code 0: released, now or before; 1: there was nothing to release, and the message says what was found instead.
    """
    from orchestration.commands.release import run_release

    raise typer.Exit(run_release(load, reason, objects or [], as_json))


@app.command()
def status(
    as_json: Annotated[
        bool, typer.Option("--json", help="Everything as one JSON document, with stable names.")
    ] = False,
    no_lake: Annotated[
        bool, typer.Option("--no-lake", help="Do not list the lake: what the ledger knows, quickly.")
    ] = False,
) -> None:
    """Where every object of the lake is, what was refused and why, how far the data reaches, the last builds.

    listed = live + superseded + held + parked + ignored + due, and for every object lines = accepted + rejected.

    Exit code 0; 1: the lake cannot be listed (shown is what the ledger knows), or the numbers do not add up.
    """
    from orchestration.commands.status import show_status

    raise typer.Exit(show_status(as_json, with_lake=not no_lake))


@app.command()
def alerts(
    test: Annotated[bool, typer.Option("--test", help="Send a test message to every channel of ALERT_URLS.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON document.")] = False,
) -> None:
    """What needs a person now: held and unreadable files, failed jobs and checks, old marts.

    While 'warehouse up' runs, a sensor looks once a minute. It tells a problem once, again after each day that it goes
    on, and says when it is over: to the services that ALERT_URLS names (Slack, Teams, mail, webhooks and what else
    Apprise knows), to logs/alerts.log of the home and to the console.

    Exit code 0: nothing is wrong, or the test was sent; 3: something is; 1: the test reached not every channel.
    """
    from orchestration.commands.alerts import send_test, show_alerts

    raise typer.Exit(send_test() if test else show_alerts(as_json))


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="One ClickHouse statement, in quotes.")],
    answer_format: Annotated[Format, typer.Option("--format", help="table shows 100 rows at most.")] = Format.TABLE,
    write: Annotated[bool, typer.Option("--write", help="Allow statements that change data.")] = False,
) -> None:
    """Run one SQL statement; it can only read unless --write is given.

    A table wider than the terminal is shown one column a line. Long ids in a table lose their middle; --format csv and
    --format json write all of them.

    Example: warehouse sql "select title, start_seconds, drop_off_ratio from marts.agg_video_hot_spots limit 5"
    """
    from orchestration.commands.sql import run_sql

    run_sql(statement, answer_format, write)


add_answers(app)
add_people(app)
app.add_typer(bench, name="bench")
app.add_typer(bi, name="bi")
app.add_typer(realtime, name="realtime")
app.add_typer(churn, name="churn")


def main() -> None:
    """Entry point of the `warehouse` command."""
    # A script's background jobs start with SIGINT ignored; Dagster would then ignore SIGTERM as well, and so would all
    # that we start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TERMINATED))
    keep_private()
    app(args=with_verbose_first(sys.argv[1:]))


def with_verbose_first(arguments: list[str]) -> list[str]:
    """--verbose is an option of the whole; people write it last, so it is accepted anywhere."""
    if VERBOSE not in arguments:
        return arguments
    return [VERBOSE, *(argument for argument in arguments if argument != VERBOSE)]
