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


class NewLines:
    """The lines that a log gets from now on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read = log.stat().st_size if log.exists() else 0

    def read(self) -> list[str]:
        """Whole lines that came since the last call; all of them when the log was begun again."""
        try:
            size = self._log.stat().st_size
        except FileNotFoundError:
            return []
        if size == self._read:
            return []
        with self._log.open("rb") as file:
            file.seek(self._read if size > self._read else 0)
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            self._read = file.tell() - len(content) + len(whole)
        return whole.decode(errors="replace").splitlines()
