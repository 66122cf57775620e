"""`warehouse bi …` as the command line shows it."""

from pathlib import Path
from typing import Annotated

import typer

bi = typer.Typer(
    help="Dashboards in the browser: install, start, stop, and keep edits as code.", invoke_without_command=True
)


@bi.callback()
def start(
    context: typer.Context,
    detach: Annotated[bool, typer.Option("--detach", help="Start them, print the address, and return.")] = False,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port; by default that of the last start, or 8088."),
    ] = None,
) -> None:
    """Serve the dashboards on this machine, until Ctrl-C. Without a command below, this is what happens.

    The first start installs Apache Superset into the home (about 700 MB), makes its tables, imports the dashboards and
    makes a login for each role. The logins are printed, and kept in bi/logins.json of the home, for its owner only.

    Local services are started when none run. On a ClickHouse server of your own, CLICKHOUSE_READER_USER and
    CLICKHOUSE_READER_PASSWORD name a user who may only read the database marts.

    Exit code 0: stopped by Ctrl-C or 'warehouse bi stop', or, with --detach, running; 1: it failed.
    """
    if context.invoked_subcommand is not None:
        return
    from orchestration.commands.bi import keep_bi, start_detached

    raise typer.Exit(start_detached(port) if detach else keep_bi(port))


@bi.command()
def stop() -> None:
    """Stop the dashboards of this home, wherever they were started.

    Exit code 0, also when none run; 1: they do not stop.
    """
    from orchestration.commands.bi import stop_bi

    raise typer.Exit(stop_bi())


@bi.command()
def export(
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; by default the dashboards' own files in the project.")
    ] = None,
) -> None:
    """Write charts and dashboards as they are in the UI back to YAML files, in a form that differs only where they do.

    Look at the difference with git, then commit it. Datasets come from dbt and are not written.

    Exit code 0: written, or nothing differed; 1: there is nothing to export yet.
    """
    from orchestration.commands.bi import export_bi

    raise typer.Exit(export_bi(out))


@bi.command()
def mcp(
    user: Annotated[
        str, typer.Option(help="The user of the dashboards that the assistant acts as; it sees what that user sees.")
    ] = "designer",
) -> None:
    """Serve the dashboards to an assistant over MCP, on standard input and output (Superset's own MCP service).

    Meant for an assistant's configuration (the repository's .mcp.json has it), not for a person. The dashboards must
    have been started once on this home ('warehouse bi'); they need not run. The usual user, designer, sees no single
    learner and writes no SQL.
    """
    from orchestration.commands.bi import serve_assistant

    raise typer.Exit(serve_assistant(user))
