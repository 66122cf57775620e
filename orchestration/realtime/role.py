"""One process of the real-time path: `python -m orchestration.realtime.role worker`."""

import gc
import logging
import signal
import sys
from collections.abc import Callable

from orchestration.machine.lifetimes import end_with_parent
from orchestration.machine.private import keep_private
from orchestration.realtime.settings import RealtimeSettings, load_realtime_settings

WORKER, SWEEP, ARCHIVER, DISPATCHER, BRIDGE = "worker", "sweep", "archiver", "dispatcher", "bridge"
STOP_SECONDS = 5.0
GC_THRESHOLD = 50_000


def runner_of(role: str) -> Callable[[RealtimeSettings], None]:
    """What the role does. Imported here: only the worker needs Quix Streams, which takes a second."""
    if role == WORKER:
        from orchestration.realtime.worker import run_worker

        return run_worker
    if role == SWEEP:
        from orchestration.realtime.sweep import run_sweep

        return run_sweep
    if role == ARCHIVER:
        from orchestration.realtime.archiver import run_archiver

        return run_archiver
    if role == DISPATCHER:
        from orchestration.realtime.dispatcher import run_dispatcher

        return run_dispatcher
    if role == BRIDGE:
        from orchestration.realtime.bridge import run_bridge

        return run_bridge
    raise ValueError(f"There is no role '{role}'.")


def main() -> int:
    """Run the role until a signal comes, or it fails."""
    keep_private()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(STOP_SECONDS)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    runner = runner_of(sys.argv[1])
    # Messages make many small objects and no cycles: to look through all of them often is a third of the work.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    runner(load_realtime_settings())
    return 0


if __name__ == "__main__":
    sys.exit(main())
