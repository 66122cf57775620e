"""`warehouse rotate-key`: a new key for pseudonyms."""

import getpass
import os
import sys

from orchestration.commands.context import open_warehouse
from orchestration.commands.display import output, shown_stages
from orchestration.commands.erase import run_job
from orchestration.commands.errors import CommandError

NAMES = {
    "places": "Noting which lines pseudonyms come from",
    "key": "Recording the new key",
    "staging": "Building staging and what is made of it",
    "records": "Moving contacts and scores",
    "marts": "Building every mart",
    "leftovers": "Removing the old pseudonyms from the disk",
}


def run_rotation(by: str, yes: bool) -> int:
    """The exit code: 0 when every pseudonym is another, or nothing was wanted."""
    from orchestration.erasure.rotation import rotate
    from orchestration.settings import load_settings

    if not (yes or _is_wanted()):
        return 0
    with open_warehouse() as warehouse, shown_stages() as stages:
        rotation_id = rotate(
            warehouse.connect(),
            warehouse.settings,
            by or getpass.getuser(),
            # The key may have changed since the warehouse was opened.
            lambda job: run_job(job, load_settings(), stages, "warehouse rotate-key"),
            is_key_ours=warehouse.settings.target == "local" and not os.environ.get("LEARNER_ID_KEY"),
            on_step=lambda step: stages.start(NAMES[step]),
        )
    output().print(f"Every learner has a new pseudonym ({rotation_id}).", markup=False)
    return 0


def _is_wanted() -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandError("A rotation changes every learner_id for good: confirm it with --yes.")
    import typer

    return typer.confirm("Change every learner_id? Lists that people keep lead nowhere afterwards.", err=True)
