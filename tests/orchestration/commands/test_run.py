"""When a run has nothing to do, and when it has."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from orchestration.commands.context import CommandContext
from orchestration.commands.run import Job, reason_to_rest


def test_after_a_run_was_killed_the_next_one_does_not_rest(tmp_path: Path) -> None:
    """Not even when the ledger says that all is built: the killed build is in no table."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "0123.lock").touch()
    warehouse = cast(CommandContext, SimpleNamespace(settings=SimpleNamespace(home=tmp_path)))
    assert reason_to_rest(warehouse, Job.NIGHTLY) is None
