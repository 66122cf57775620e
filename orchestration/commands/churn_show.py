"""`warehouse churn show`: what the newest churn model found, or why it says nothing."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from orchestration.commands.context import open_warehouse
from orchestration.commands.display import output

NOTHING = "No churn model was trained yet: the weekly job trains one, 'uv run warehouse run --job weekly'."
MEASURES = ("auc_pr", "auc_pr_gain", "calibration_error", "brier", "lift", "stability_index")


def show_churn() -> None:
    """Prints the newest run: published or not, why, its figures, its courses, its model card."""
    from orchestration.churn.card import FOLDER
    from orchestration.churn.records import last_courses, last_run

    with open_warehouse() as warehouse:
        client = warehouse.connect_prepared()
        run, figures = last_run(client)
        courses = last_courses(client)
    if not run:
        output().print(NOTHING)
        return
    _show_run(run)
    if run["model"]:
        output().print(_figures(figures))
    if courses:
        output().print(_courses(courses))
    name = f"{run['as_of'] or 'no-data'}-{run['model_version']}.html"
    output().print(f"Model card: {warehouse.settings.home / FOLDER / name}", markup=False, soft_wrap=True)


def _show_run(run: dict[str, Any]) -> None:
    day = f"Monday {run['as_of']}" if run["as_of"] else "no Monday yet"
    verdict = "[green]Scores are published[/]" if run["status"] == "published" else "[bold red]No score is published[/]"
    output().print(f"{verdict}, {day}{': ' if run['reason'] else '.'}{escape(run['reason'])}", soft_wrap=True)
    counts = ", ".join(f"{run[f'{name}_count']:,} {name}" for name in ("labelled", "training", "test", "scored"))
    output().print(f"Learner-weeks: {counts}. Model: {run['model'] or 'not fitted'}.")


def _figures(figures: list[dict[str, Any]]) -> Table:
    table = Table("Figure", "Value", "95 % interval", box=None, pad_edge=False)
    shown = {figure["measure"]: figure for figure in figures}
    for name in MEASURES:
        figure = shown[name]
        low, high = figure["value_low"], figure["value_high"]
        interval = "" if low is None else f"{low:.3f} … {high:.3f}"
        table.add_row(name.replace("_", " "), f"{figure['value']:.3f}", interval)
    return table


def _courses(courses: list[dict[str, Any]]) -> Table:
    table = Table("Course", "Scored", "Of", "Refused because", box=None, pad_edge=False)
    for course in courses:
        counts = (f"{course['scored']:,}", f"{course['learners']:,}")
        table.add_row(escape(course["course_id"]), *counts, escape(course["course_reason"]))
    return table
