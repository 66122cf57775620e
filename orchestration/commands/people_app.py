"""Commands for what the warehouse holds about people: `erase`, `export` and `rotate-key`."""

from pathlib import Path
from typing import Annotated

import typer

_LEARNER = typer.Option(
    "--learner",
    help="Mail address, its SHA-1, openid, 'HOME_PAGE|NAME' of an account, the actor as JSON, or a learner_id of the "
    "marts; repeatable, for several identifiers of one person. '-' reads them from standard input, a line each.",
)


def add_people(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(erase)
    app.command()(export)
    app.command("rotate-key")(rotate_key)


def erase(
    learner: Annotated[list[str] | None, _LEARNER] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with every erasure that has no receipt yet.")] = False,
    redelivered: Annotated[
        bool,
        typer.Option(
            "--redelivered",
            help="Rewrite objects of the lake that brought lines of erased people again; needs no --learner.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go; change nothing.")] = False,
    by: Annotated[str, typer.Option(help="Who does it, for the receipt; by default the user of this machine.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget a person: every trace of them in the lake, the warehouse and the home, with a receipt that proves it.

    Objects of the lake are rewritten without the lines that name them, the marts are built, and the rest is removed,
    from the disk of the engine as well. A later delivery that names them is refused by line, as `erased`. Killed at any
    moment, the same command goes on where it stopped. No log, receipt or message names the person; the command line
    itself is seen by this machine's other processes, so give '-' where that matters.

    Exit code 0: nothing is left; 3: some of it a person must do, and the receipt says what; 1: it failed, or no one
    like that is known.
    """
    from orchestration.commands.erase import run_erase, run_redelivered

    if redelivered:
        raise typer.Exit(run_redelivered())
    raise typer.Exit(run_erase(learner or [], resume, dry_run, by, yes))


def export(
    learner: Annotated[list[str], _LEARNER],
    to: Annotated[Path, typer.Option(help="Folder to write to; it must not exist.")] = Path("export"),
) -> None:
    """Give a person what is held about them: their lines as they came, and the rows of the marts, as JSON lines.

    lines.ndjson has each raw line with the object and number it came from, marts/<table>.ndjson the rows with their
    learner_id, and README.txt says what each file is. The folder is for its owner only.

    Exit code 0: written; 1: no such person is known, or it failed.
    """
    from orchestration.commands.export import run_export

    raise typer.Exit(run_export(learner, to))


def rotate_key(
    by: Annotated[str, typer.Option(help="Who does it, for the record; by default the user of this machine.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Make all pseudonyms again under a new key: every learner gets another learner_id.

    On the target local a new key is made and written into the home. Elsewhere export the new LEARNER_ID_KEY first. The
    marts are built twice, whole; contacts and scores that were recorded get the new pseudonyms, and who is erased stays
    erased. Killed at any moment, the same command goes on where it stopped. Lists with old pseudonyms that people keep
    lead nowhere afterwards, and learners to leave alone are drawn again.

    Exit code 0: done; 1: it failed, and the same command goes on.
    """
    from orchestration.commands.rotate_key import run_rotation

    raise typer.Exit(run_rotation(by, yes))
