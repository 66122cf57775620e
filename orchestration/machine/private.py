"""The home is its owner's alone: it holds raw lines with mail addresses, passwords, and the key of the pseudonyms."""

import errno
import json
import os
import stat
from pathlib import Path

PRIVATE_UMASK = 0o077
OTHERS = 0o077
# One of them is in every home that was ever used. A folder without any belongs to something else.
_MARKS = ("secrets.json", "services.lock", "in_use.lock", "build.lock", "load.lock")
_ENTRIES = (
    *_MARKS,
    "briefs",
    "bi",
    "clickhouse",
    "dagster",
    "data_docs",
    "dbt",
    "erasure",
    "lake",
    "lake_hashes",
    "logs",
    "parsed",
    "ports.json",
    "receipts",
    "runs",
    "services.json",
    "simulated",
    "tmp",
)


class HomeNotPrivate(Exception):
    """The home cannot be used: it is or would be another's, or cannot be written; the message says what to do."""


def keep_private() -> None:
    """From now on, what this process and its children create is for the owner only."""
    os.umask(PRIVATE_UMASK)


def write_private(path: Path, content: dict) -> None:
    """Writes JSON that only the owner can read; readers see the old file or the new one, never half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def make_private(home: Path) -> str:
    """Create the home, or close it to other users; returns what to tell the user, empty when all was in order.

    Only the home and what the warehouse keeps directly in it are changed: what lies deeper is reached through them.
    Raises HomeNotPrivate for a folder that holds something else, belongs to another user or cannot be written.
    """
    try:
        if not home.exists():
            # Another process may make it in the same moment.
            home.mkdir(parents=True, mode=0o700, exist_ok=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise HomeNotPrivate(
            f"The home {home} cannot be made: {error.strerror}. Set WAREHOUSE_HOME to a folder that you may write to."
        ) from None
    _refuse_what_is_not_ours(home)
    if not os.access(home, os.W_OK | os.X_OK):
        raise HomeNotPrivate(
            f"The home {home} cannot be written by you (user {os.geteuid()}), or its file system is read-only. Set "
            "WAREHOUSE_HOME to a folder that you may write to."
        )
    loose = [path for path in (home, *(home / name for name in _ENTRIES)) if _is_loose(path)]
    for path in loose:
        _close(path)
    left = [path for path in loose if _is_loose(path)]
    if left:
        return (
            f"Warning: other users of this machine can read {_names(home, left)}, and it cannot be changed: the file "
            "system keeps no modes, or the folder is not yours. Set WAREHOUSE_HOME to a folder on another file system."
        )
    return f"Other users of this machine could read {_names(home, loose)}; now only you can." if loose else ""


def _refuse_what_is_not_ours(home: Path) -> None:
    status = home.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise HomeNotPrivate(f"WAREHOUSE_HOME is {home}, a file. Set it to a folder.")
    # What root owns, as a mounted volume, root can read in any case; and root may use any folder.
    if status.st_uid not in (0, os.geteuid()) and os.geteuid() != 0:
        raise HomeNotPrivate(
            f"The home {home} belongs to user {status.st_uid}, and you are user {os.geteuid()}: its owner could read "
            "every learner's data. Set WAREHOUSE_HOME to a folder of your own; one inside this folder will do."
        )
    if not _is_loose(home) or any((home / mark).exists() for mark in _MARKS):
        return
    if other := next(iter(sorted(entry.name for entry in home.iterdir() if entry.name not in _ENTRIES)), None):
        raise HomeNotPrivate(
            f"WAREHOUSE_HOME is {home}, a folder that other users can read and that holds other things, such as "
            f"'{other}'. A home is closed to other users. Set WAREHOUSE_HOME to a new folder, or close this one "
            f"yourself: chmod 700 {home}"
        )


def _is_loose(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & OTHERS)
    except FileNotFoundError:
        return False


def _close(path: Path) -> None:
    try:
        path.chmod(path.stat().st_mode & ~OTHERS & 0o7777)
    except OSError:
        return  # said by the caller, who looks again


def _names(home: Path, paths: list[Path]) -> str:
    if home in paths:
        return str(home)
    return ", ".join(str(path) for path in paths)
