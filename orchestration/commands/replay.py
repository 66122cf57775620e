"""`warehouse replay`: objects are loaded again by a person's decision, and what that changes in the marts is shown."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from orchestration.commands.context import open_warehouse
from orchestration.commands.display import output, print_note, shown_stages
from orchestration.commands.errors import EXIT_FAILED, EXIT_NOT_ALL_PUBLISHED
from orchestration.commands.job_run import REPLAY_STEP, JobRun, run_dagster_job
from orchestration.commands.run import state_of
from orchestration.commands.run_report import new_problems, report

if TYPE_CHECKING:
    from orchestration.loading.replay import Candidate
    from orchestration.loading.state.mart_figures import Change, Figures

JOB = "replay"
SHOWN_KEYS = 5
SHOWN_CHANGES = 30
STATES = {"live": "live", "held": "held by the gate", "failed": "parked or to be retried"}


def run_replay(prefix: str, since: date | None, objects: list[str], reason: str, yes: bool) -> int:
    """The exit code: 0 replayed and published, or not wanted; 3 some of it was not; 1 failed."""
    from orchestration.loading.ledger.entries import server_now
    from orchestration.loading.replay import ReplayError, Selection, candidates
    from orchestration.loading.state.mart_figures import mart_figures

    if not reason.strip():
        raise ReplayError("--reason is empty; it stays in the ledger, for anyone who asks later what was done.")
    selection = Selection(prefix, since, tuple(objects))
    with open_warehouse() as warehouse:
        client = warehouse.connect_prepared()
        show_candidates(candidates(client, warehouse.lake().bucket, selection))
        if not (yes or is_wanted()):
            print_note("Nothing was replayed.")
            return 0
        started_at, figures = server_now(client), mart_figures(client)
        config = {
            "prefix": prefix,
            "since": since.isoformat() if since else "",
            "objects": objects,
            "reason": reason,
        }
        with shown_stages() as stages:
            run = run_dagster_job(JOB, warehouse.settings, stages, config={"ops": {REPLAY_STEP: {"config": config}}})
        state = state_of(warehouse)
        if report(run, state, started_at) == EXIT_FAILED:
            return EXIT_FAILED
        # What was held before and was not replayed is no outcome of the replay.
        code = EXIT_NOT_ALL_PUBLISHED if new_problems(state, started_at) else 0
        return max(code, show_outcome(run, figures, mart_figures(client)))


def is_wanted() -> bool:
    """Ask where there is someone to answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    import typer

    return typer.confirm("Replay them?", err=True)


def show_candidates(chosen: "Sequence[Candidate]") -> None:
    """How many objects and lines, by state, with the first keys of each."""
    by_state = defaultdict(list)
    for candidate in chosen:
        by_state[candidate.state].append(candidate)
    for state, name in STATES.items():
        candidates = by_state[state]
        if not candidates:
            continue
        lines = sum(candidate.line_count for candidate in candidates)
        print_note(f"{name}: {len(candidates):,} objects, {lines:,} lines")
        for candidate in candidates[:SHOWN_KEYS]:
            print_note(f"  {candidate.drop.key}")
        if len(candidates) > SHOWN_KEYS:
            print_note(f"  … and {len(candidates) - SHOWN_KEYS:,} more")


def show_outcome(run: JobRun, before: "Figures", after: "Figures") -> int:
    """What happened to the objects, and to the marts; returns the exit code."""
    from orchestration.loading.state.mart_figures import changes

    outcome = run.metadata.get("ops.load_revocations", {})
    selected, replaced = outcome.get("objects_selected", 0), outcome.get("objects_replaced", 0)
    output().print(
        f"Replayed {replaced:,} of {selected:,} objects ({outcome.get('lines_loaded', 0):,} lines).",
        markup=False,
        soft_wrap=True,
    )
    for line in str(outcome.get("not_replaced", "")).splitlines()[:SHOWN_CHANGES]:
        print_note(f"Not replaced: {line}")
    show_changes(changes(before, after))
    return 0 if replaced == selected else EXIT_NOT_ALL_PUBLISHED


def show_changes(changed: "Sequence[Change]") -> None:
    """A table of the figures that differ, the largest differences only."""
    from rich.table import Table

    if not changed:
        output().print("No figure of the marts changed.")
        return
    table = Table(title="What changed in the marts", title_justify="left", header_style="bold")
    table.add_column("Mart", no_wrap=True)
    table.add_column("Figure", overflow="fold")
    for name in ("Before", "After"):
        table.add_column(name, justify="right", no_wrap=True)
    for change in changed[:SHOWN_CHANGES]:
        table.add_row(change.table, change.measure, _figure(change.before), _figure(change.after))
    output().print(table)
    if len(changed) > SHOWN_CHANGES:
        output().print(f"… and {len(changed) - SHOWN_CHANGES:,} figures that changed less.")


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4f}"
