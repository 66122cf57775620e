"""The process of a run that `run_launcher` started: `python -m orchestration.resources.run_worker RUN_ID ARGUMENTS`."""

import atexit
import sys

from dagster._cli.api import api_cli

from orchestration.machine.lifetimes import end_with_parent
from orchestration.resources.run_locks import remove_run_lock
from orchestration.settings import warehouse_home

STOP_SECONDS = 10.0


def main() -> None:
    end_with_parent(STOP_SECONDS)
    run_id, arguments = sys.argv[1:]
    # The lock was inherited from the launcher, and stays until this process is gone.
    atexit.register(remove_run_lock, warehouse_home(), run_id)
    api_cli(["execute_run", arguments])


if __name__ == "__main__":
    main()
