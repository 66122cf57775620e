"""Logs that do not grow without end."""

import contextlib
import os
import shutil
from pathlib import Path

LARGEST_LOG = 10 << 20


def keep_small(log: Path, largest: int = LARGEST_LOG) -> None:
    """Move what a log holds to `<name>.1` once it is longer than `largest` bytes.

    The file itself stays, since processes have it open; they must have opened it for appending. The lines of the moment
    between copy and cut are lost.
    """
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size <= largest:
            return
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)
