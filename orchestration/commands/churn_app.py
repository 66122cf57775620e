"""`warehouse churn …`: what the churn model says of itself, and what people add to its scores."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands.errors import CommandError

churn = typer.Typer(no_args_is_help=True, help="Who is about to leave: the model, and whom you contacted.")


@churn.callback()
def about() -> None:
    """Who is about to leave: the model, and whom you contacted.

    Scores are made by the weekly job; read them in marts.agg_learners_to_contact and marts.fct_churn_scores.
    """


@churn.command()
def show() -> None:
    """Show the newest churn model: published or not and why, its figures, its courses, its model card."""
    from orchestration.commands.churn_show import show_churn

    show_churn()


@churn.command()
def record(
    file: Annotated[Path, typer.Argument(help="CSV with the columns learner_id, course_id, contacted_at, kind.")],
) -> None:
    """Record contacts with learners, so that their worth can be measured against the learners held out.

    learner_id and course_id as marts.agg_learners_to_contact has them, contacted_at as 2026-01-31T09:00Z, kind such as
    mail or call. If you draw by lot whom to leave alone, record these with kind held_out: then that week is measured by
    your draw, and otherwise by the warehouse's own. A file may be given again: the same contact counts once. The next
    weekly run takes it in.

    Exit code 0: recorded; 1: nothing was, and the message names the line.
    """
    from orchestration.churn.records import read_interventions, write_interventions
    from orchestration.commands.context import open_warehouse
    from orchestration.commands.display import output

    try:
        rows = read_interventions(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{file}: {error}. Nothing was recorded.") from error
    with open_warehouse() as warehouse:
        count = write_interventions(warehouse.connect_prepared(), rows)
    if count < len(rows):
        output().print(f"{len(rows) - count:,} contacts left out: their learners were erased (warehouse erase).")
    output().print(f"{count:,} contacts recorded. The next weekly run takes them in: warehouse run --job weekly")
