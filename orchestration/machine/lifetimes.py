"""A process that ends with the one that started it, however that one ends."""

import os
import signal
import threading
import time

ENDS_WITH_PARENT = "WAREHOUSE_ENDS_WITH_PARENT"
"""In the environment of a child: the pid of the process that starts it, and that it is to end with.

dbt and Dagster heed it as well: see `command_lines`.
"""
WATCH_SECONDS = 0.2


def tied_to_us() -> dict[str, str]:
    """Environment of a child that is to end with this process."""
    return {ENDS_WITH_PARENT: str(os.getpid())}


def end_with_parent(stop_seconds: float = 0.0) -> None:
    """Watch the parent from now on, if this process is tied to it, and tie our own children to us.

    When the parent is gone, stop in order for `stop_seconds`, then be killed. Not prctl(PR_SET_PDEATHSIG): that is
    Linux's alone, and speaks of the thread that started us, not of its process.
    """
    starter = os.environ.get(ENDS_WITH_PARENT, "")
    if not starter:
        return
    os.environ |= tied_to_us()
    parent = os.getppid()
    # The parent may have ended while this process started: then another one has adopted it.
    was_early = _exists(int(starter))

    def watch() -> None:
        while was_early and os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        if stop_seconds:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(stop_seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
