"""A call that must answer in time: Great Expectations and its driver have no time limit of their own."""

import queue
import threading
from collections.abc import Callable
from typing import Any


class NoAnswer(Exception):
    """The call has not answered in time. It may still be at work; no caller waits for it."""


def answer_within[Answer](seconds: float, call: Callable[[], Answer], name: str) -> Answer:
    """What the call returns or raises, if it does so in time.

    A thread cannot be stopped: one that hangs is left behind, and ends with the process.
    """
    answers: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((True, call()))
        except BaseException as error:
            answers.put((False, error))

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        is_done, answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise NoAnswer(f"no answer within {seconds:g} seconds") from None
    if is_done:
        return answer
    raise answer
