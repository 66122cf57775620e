"""A process that ends with the one that started it, however that one ends."""

import os
import signal
import threading
import time

ENDS_WITH_PARENT = "WAREHOUSE_ENDS_WITH_PARENT"
"""Set in the environment of dbt and Dagster where a command of ours runs them: see `command_lines`."""
WATCH_SECONDS = 0.2


def end_with_parent(stop_seconds: float = 0.0) -> None:
    """Watch the parent from now on. When it is gone, stop in order for `stop_seconds`, then be killed.

    Not prctl(PR_SET_PDEATHSIG): that is Linux's alone, and speaks of the thread that started us, not of its process.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        if stop_seconds:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(stop_seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
