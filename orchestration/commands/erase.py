"""`warehouse erase`: a person is forgotten, and a receipt says so."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.commands.context import CommandContext, open_warehouse
from orchestration.commands.display import Stages, output, print_note, shown_stages
from orchestration.commands.errors import EXIT_NOT_ALL_PUBLISHED, CommandError
from orchestration.commands.job_run import REPLAY_STEP, run_dagster_job
from orchestration.machine.locks import held_lock
from orchestration.machine.private import make_private
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.erasure.receipt import Receipt
    from orchestration.erasure.steps import ErasurePlan, Request, Site

LOCKS = {"loading": "load.lock", "building": "build.lock"}
"""As `assets.turns` names them; imported from there, it would cost each command the import of Dagster."""
WAIT_SECONDS = 7200.0
SHOWN = 20
RESUME = "warehouse erase --resume"
ERASING = "Rewritten by an erasure, or read again so that its lines stay out."


def run_erase(learners: list[str], resume: bool, dry_run: bool, by: str, yes: bool) -> int:
    """The exit code: 0 nothing is left, or not wanted; 3 a person must do the rest."""
    if bool(learners) == resume:
        raise CommandError("Say whom to forget with --learner, or go on with what was begun with --resume.")
    texts = texts_given(learners)
    with open_warehouse() as warehouse, shown_stages() as stages:
        site = site_of(warehouse, stages)
        requests = _open_requests(site) if resume else [_request(site, texts, dry_run, by, yes)]
        receipts = [_erase(site, request) for request in requests if request]
    for receipt in receipts:
        show_receipt(warehouse.settings.home, receipt)
    return EXIT_NOT_ALL_PUBLISHED if any(receipt.left for receipt in receipts) else 0


def texts_given(learners: list[str]) -> list[str]:
    """What --learner says, or the lines of standard input for '-'."""
    given = [line for learner in learners for line in (sys.stdin.read().splitlines() if learner == "-" else [learner])]
    return [text.strip() for text in given if text.strip()]


def site_of(warehouse: CommandContext, stages: Stages) -> "Site":
    """The warehouse, as an erasure works on it."""
    from orchestration.erasure.steps import Site

    def build(keys: list[str]) -> None:
        if keys:
            config = {"prefix": "", "since": "", "objects": keys, "reason": ERASING}
            run_job("replay", warehouse.settings, stages, RESUME, {"ops": {REPLAY_STEP: {"config": config}}})
        run_job("nightly", warehouse.settings, stages, RESUME)

    return Site(
        warehouse.connect_prepared(),
        warehouse.lake(),
        warehouse.settings,
        build,
        lambda what: _turn(warehouse.settings.home, what),
        _teller(stages),
    )


def run_job(job: str, settings: Settings, stages: Stages, again: str, config: dict | None = None) -> None:
    """Run a job of Dagster; raises CommandError, which names the command to run `again`, when no model was built."""
    run = run_dagster_job(job, settings, stages, config=config)
    if not run.is_success:
        # What fails a job after all is published (a test) leaves the marts built; the models themselves must be.
        if run.built_count:
            print_note(f"The job {job} failed: {run.failures[0]} This goes on; see 'warehouse status'.")
            return
        raise CommandError(
            f"The job {job} failed: {run.failures[0]} See {run.log_path}. Nothing is lost: '{again}' goes on from here."
        )


def _request(site: "Site", texts: list[str], dry_run: bool, by: str, yes: bool) -> "Request | None":
    """What is to be done; None when nothing is."""
    from orchestration.erasure.person import PersonError
    from orchestration.erasure.steps import known_person, open_request, open_requests, plan

    for request in open_requests(site.settings.home):
        if _is_meant(site, request, texts) and not dry_run:
            print_note("An erasure of this person was begun: it goes on.")
            return request
    person = known_person(site, texts)
    planned = plan(site, person)
    if planned.is_empty:
        raise PersonError("No such person is known here: no line, row or file has the identifier.")
    show_plan(planned)
    if dry_run:
        return None
    if not (yes or _is_wanted()):
        print_note("Nothing was erased.")
        return None
    return open_request(site, person, by or getpass.getuser())


def _is_meant(site: "Site", request: "Request", texts: list[str]) -> bool:
    from orchestration.erasure.person import person_of

    given = [person_of(text, site.settings.learner_id_key) for text in texts]
    return any(
        person.identities & request.person.identities or person.learner_ids & request.person.learner_ids
        for person in given
    )


def _open_requests(site: "Site") -> list["Request"]:
    from orchestration.erasure.steps import open_requests

    requests = open_requests(site.settings.home)
    if not requests:
        print_note("No erasure waits to be finished.")
    return requests


def _erase(site: "Site", request: "Request") -> "Receipt":
    from orchestration.erasure.steps import erase

    return erase(site, request)


def _is_wanted() -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandError("An erasure cannot be undone: confirm it with --yes, or look first with --dry-run.")
    import typer

    return typer.confirm("Erase it? This cannot be undone.", err=True)


def show_plan(plan: "ErasurePlan") -> None:
    """What would go, by place, without a word of who."""
    print_note(f"Lake: {len(plan.objects):,} objects, {sum(count for _, count in plan.objects):,} lines")
    print_note(f"Warehouse: {sum(plan.tables.values()):,} rows in {len(plan.tables):,} tables")
    for name, count in list(plan.tables.items())[:SHOWN]:
        print_note(f"  {name}: {count:,}")
    print_note(f"Files of the home: {len(plan.files):,}, besides the engine's and the lake's")
    elsewhere = plan.roles["elsewhere"]
    if elsewhere:
        print_note(
            f"Of the lines, {elsewhere:,} name the person and have another actor, as an instructor or a member of a "
            "team for instance. They go as well, and with them what they say of that actor."
        )


def show_receipt(home: Path, receipt: "Receipt") -> None:
    """Where the receipt is, and what a person must still do."""
    from orchestration.erasure.receipt import RECEIPTS

    rows = sum(receipt.rows_removed.values())
    written = sum(entry["outcome"] == "rewritten" for entry in receipt.objects)
    output().print(f"Erased: {written:,} objects rewritten, {rows:,} rows removed after the build.", markup=False)
    output().print(f"Receipt: {home / RECEIPTS / receipt.request_id}.md", markup=False, soft_wrap=True)
    for line in receipt.left[:SHOWN]:
        print_note(f"To do: {line}")
    if len(receipt.left) > SHOWN:
        print_note(f"… and {len(receipt.left) - SHOWN:,} more, in the receipt.")


def run_redelivered() -> int:
    """Objects with lines that were refused as erased are rewritten without them; the exit code."""
    from orchestration.erasure.redelivered import rewrite_redelivered

    with open_warehouse() as warehouse, shown_stages() as stages:
        site = site_of(warehouse, stages)
        with site.turn("loading"):
            written, left = rewrite_redelivered(site.client, site.lake, site.settings)
        if written:
            site.build([])
    output().print(f"{len(written):,} objects rewritten, {len(left):,} left.", markup=False)
    for key in left[:SHOWN]:
        print_note(f"To do: write {key} without the lines that were refused as erased, or delete it.")
    return EXIT_NOT_ALL_PUBLISHED if left else 0


def _teller(stages: Stages):
    shown = ""

    def tell(stage: str, done: int, total: int | None) -> None:
        nonlocal shown
        if stage != shown:
            shown = stage
            stages.start(stage, total)
        stages.move(done, total)

    return tell


@contextmanager
def _turn(home: Path, what: str) -> Iterator[None]:
    make_private(home)
    me = f"an erasure (process {os.getpid()}), which has been {what}"

    def say(other: str) -> None:
        if other:
            print_note(f"Waiting for {other}")

    with held_lock(home / LOCKS[what], lambda: me, say, WAIT_SECONDS):
        yield
