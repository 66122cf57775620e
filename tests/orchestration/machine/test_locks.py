"""A lock lasts as long as its process, and a wait says for whom and ends."""

import threading
from pathlib import Path

import pytest

from orchestration.machine.locks import LockTimeout, held_lock, is_locked, take_lock


def nothing(_: str) -> None:
    raise AssertionError("there was nothing to wait for")


def test_asking_does_not_look_like_holding(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    path.touch()
    assert not is_locked(path)
    assert take_lock(path) is not None
    assert is_locked(path)
    assert take_lock(path) is None


def test_a_wait_says_for_whom_and_ends_with_the_other(tmp_path: Path) -> None:
    said, order = [], []
    is_waiting = threading.Event()

    def say(other: str) -> None:
        said.append(other)
        is_waiting.set()

    def second() -> None:
        with held_lock(tmp_path / "lock", lambda: "the second", say, 60):
            order.append("second")

    with held_lock(tmp_path / "lock", lambda: "the first", nothing, 60):
        other = threading.Thread(target=second)
        other.start()
        assert is_waiting.wait(10)
        order.append("first")
    other.join()
    assert order == ["first", "second"]
    assert said == ["the first", ""]


def test_a_wait_has_a_limit(tmp_path: Path) -> None:
    with (
        held_lock(tmp_path / "lock", lambda: "the first", nothing, 60),
        pytest.raises(LockTimeout, match="the first still holds"),
        held_lock(tmp_path / "lock", lambda: "the second", lambda _: None, 0.2),
    ):
        pass


def test_who_wants_the_lock_again_comes_after_one_who_waits(tmp_path: Path) -> None:
    """A long run gives it back between its parts; the other asks only every tenth of a second."""
    order: list[str] = []
    is_waiting = threading.Event()

    def other() -> None:
        with held_lock(tmp_path / "lock", lambda: "short", lambda _: is_waiting.set(), 60):
            order.append("short")

    thread = threading.Thread(target=other)
    for part in range(3):
        with held_lock(tmp_path / "lock", lambda: "long", lambda _: None, 60):
            order.append(f"long {part}")
            if part == 0:
                thread.start()
                assert is_waiting.wait(10)
    thread.join()
    assert order == ["long 0", "short", "long 1", "long 2"]
