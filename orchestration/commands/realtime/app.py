"""`warehouse realtime …` as the command line shows it. Works without the extra, and then says how to get it."""

from typing import Annotated

import typer

realtime = typer.Typer(
    no_args_is_help=True,
    help="Statements from Kafka that change the platform within a second. Needs the extra 'realtime'.",
)


@realtime.command()
def demo(
    seconds: Annotated[float, typer.Option(min=5, help="How long learners learn.")] = 30,
    rate: Annotated[float, typer.Option(min=8, max=20000, help="Statements a second.")] = 200,
    workers: Annotated[int, typer.Option(min=1, max=8, help="Workers that share the topic.")] = 1,
    kills: Annotated[int, typer.Option(min=0, help="How often a worker is killed (kill -9), evenly spread.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other learners.")] = 7,
    parity: Annotated[
        bool, typer.Option("--parity/--no-parity", help="Build the warehouse from the archived drops, and compare.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="The result as one JSON document.")] = False,
) -> None:
    """Simulate learners with planted triggers, kill a worker half way, and prove that nothing is lost or done twice.

    Starts a broker, a database and a platform with a webhook on this machine, in a folder of the home that is made
    from nothing each time. The warehouse built from the archived drops must give the same unlocks and remediations.

    Exit code 0: planted = delivered, nothing twice, and parity; 1: not so, or something failed.
    """
    from orchestration.commands.realtime.demo import DemoPlan, run_realtime_demo

    raise typer.Exit(run_realtime_demo(DemoPlan(seconds, rate, workers, kills, seed, parity), as_json))


@realtime.command()
def up(workers: Annotated[int, typer.Option(min=1, max=64, help="Workers on this machine.")] = 1) -> None:
    """Run worker, sweep, archiver and dispatcher under supervision, until Ctrl-C.

    KAFKA_BOOTSTRAP_SERVERS and OPERATIONAL_DATABASE_URL say where; without them an embedded broker, which keeps
    messages in memory only, and an embedded PostgreSQL are started. PLATFORM_WEBHOOK_URL is where actions are posted;
    without it the platform reads the outbox itself.
    """
    from orchestration.commands.realtime.up import keep_realtime_up

    raise typer.Exit(keep_realtime_up(workers))


@realtime.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON document.")] = False) -> None:
    """How far the stream is consumed and archived, the last action, what was refused, the oldest undelivered action.

    Exit code 0; 1: the broker or the database does not answer.
    """
    from orchestration.commands.realtime.status import show_realtime_status

    raise typer.Exit(show_realtime_status(as_json))


@realtime.command()
def migrate() -> None:
    """Create or update the schema `realtime` of OPERATIONAL_DATABASE_URL. `up` does it too, if it may."""
    from orchestration.commands.realtime.up import migrate_database

    raise typer.Exit(migrate_database())
