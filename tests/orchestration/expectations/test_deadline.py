"""A call that must answer in time."""

import threading

import pytest

from orchestration.expectations.deadline import NoAnswer, answer_within


def test_the_answer_and_the_error_come_through() -> None:
    assert answer_within(60, lambda: 7, "test") == 7
    with pytest.raises(ZeroDivisionError):
        answer_within(60, lambda: 1 / 0, "test")


def test_what_hangs_is_left_behind() -> None:
    never = threading.Event()
    with pytest.raises(NoAnswer, match=r"^no answer within 0\.05 seconds$"):
        answer_within(0.05, never.wait, "hanging")
    [left] = [thread for thread in threading.enumerate() if thread.name == "hanging"]
    assert left.daemon
    never.set()
