"""Locks on files. Unlike a pid in a file, a lock cannot outlive the process that holds it, not even at a power cut."""

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.1
SAY_SECONDS = 60.0


class LockTimeout(Exception):
    """Another process still holds the lock when the time is up; the message says who."""


def take_lock(path: Path, wait_seconds: float = 0.0) -> int | None:
    """An exclusive lock that lasts as long as the descriptor; None when another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + wait_seconds
    while not _try(descriptor, fcntl.LOCK_EX):
        if time.monotonic() >= deadline:
            os.close(descriptor)
            return None
        time.sleep(0.02)
    return descriptor


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock. Two processes that ask at once do not take each other for the holder."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def wait_for_lock(descriptor: int, operation: int, say: Callable[[], None], after_seconds: float = 1.0) -> None:
    """Take the lock however long it takes; `say` is called once when it takes longer than a moment."""
    said_at = time.monotonic() + after_seconds
    is_said = False
    while not _try(descriptor, operation):
        if not is_said and time.monotonic() >= said_at:
            is_said = True
            say()
        time.sleep(POLL_SECONDS)


@contextmanager
def held_lock(
    path: Path, holder: Callable[[], str], say: Callable[[str], None], limit_seconds: float
) -> Iterator[None]:
    """The lock for the length of a block; `holder()` tells those who wait what they wait for.

    Those who wait come in turn: who gives the lock back and wants it again comes after one who waits already.
    `say` gets the holder's text when there is a wait, again each minute, and an empty text when the wait is over.
    Raises LockTimeout after `limit_seconds`.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    # Only one waits for the lock itself; the others wait for this place.
    place = os.open(path.with_name(f"{path.name}.next"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _wait((place, descriptor), path, say, limit_seconds)
        finally:
            os.close(place)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, holder().encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptors: Iterable[int], path: Path, say: Callable[[str], None], limit_seconds: float) -> None:
    """Take one lock after the other."""
    started_at = time.monotonic()
    said_at = 0.0
    waiting = list(descriptors)
    while waiting:
        if _try(waiting[0], fcntl.LOCK_EX):
            waiting.pop(0)
            continue
        now = time.monotonic()
        other = path.read_text(errors="replace") or "another process"
        if now - started_at > limit_seconds:
            raise LockTimeout(f"{other} still holds {path} after {limit_seconds:,.0f} s.")
        if not said_at or now - said_at >= SAY_SECONDS:
            said_at = now
            say(other)
        time.sleep(POLL_SECONDS)
    if said_at:
        say("")


def _try(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
