"""Commands for people who write no SQL: `ask`, `report`, and `mcp` for their assistants."""

from pathlib import Path
from typing import Annotated

import typer


def add_answers(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (ask, report, mcp):
        app.command()(command)


def ask(
    question: Annotated[str, typer.Argument(help="A question in words, in quotes.")],
    course: Annotated[str, typer.Option(help="Only this course, by its title or id.")] = "",
    video: Annotated[str, typer.Option(help="Only this video, by its title or id.")] = "",
    cohort: Annotated[str, typer.Option(help="Only this cohort: its ISO week (2025-W40) or a day of it.")] = "",
    period: Annotated[str, typer.Option(help="Only this month: 2025-10.")] = "",
    no_model: Annotated[
        bool, typer.Option("--no-model", help="Use the kept questions even if a model is set.")
    ] = False,
) -> None:
    """Answer a question about learners and content, with the rows, the SQL and what to know before acting on it.

    Example: warehouse ask "which videos lose the most learners?"

    Without more, it knows a list of questions and finds the one that is meant; a course, video, week or month may stand
    in the question. With ASK_ENDPOINT_URL and ASK_MODEL set (and ASK_API_KEY, if the endpoint wants one), a language
    model writes the SQL. It gets the question and the descriptions of the marts, never a row. Its SQL must be one
    SELECT on marts and runs as a user who can read nothing else.

    Exit code 0: answered; 1: not, and what can be asked is listed.
    """
    from orchestration.commands.ask import run_ask

    options = {"course": course, "video": video, "cohort": cohort, "period": period}
    raise typer.Exit(run_ask(question, options, with_model=not no_model))


def report(
    course: Annotated[str, typer.Option(help="One course, by its title or id; by default all.")] = "",
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write, .html or .pdf; by default briefs/<week>.html in WAREHOUSE_HOME."),
    ] = None,
) -> None:
    """Write the weekly brief: where learners stop, which content loses them, who comes back, what is not taught.

    One page that needs no tool and loads nothing; it can be mailed, printed, read in light and dark. A PDF needs an
    installed Chromium. The weekly job writes the page of all courses by itself.

    Exit code 0: it is written, and its path printed; 1: it is not, and the message says why.
    """
    from orchestration.commands.report import run_report

    run_report(course, out)


def mcp() -> None:
    """Serve the marts to an assistant over MCP, on standard input and output, read-only as bi_reader.

    Meant for an assistant's configuration (the repository's .mcp.json has it), not for a person. Starts the local
    services when none run, and the published mcp-clickhouse by 'uv tool run', in an environment of its own.
    """
    from orchestration.commands.mcp import run_mcp

    raise typer.Exit(run_mcp())
