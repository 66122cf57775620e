"""A process ends with its parent, even when that one is killed."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from orchestration.machine.lifetimes import ENDS_WITH_PARENT

CHILD = """
import signal, sys, time
from orchestration.machine.lifetimes import end_with_parent
stop_seconds = float(sys.argv[1])
if stop_seconds:
    signal.signal(signal.SIGTERM, lambda *_: (print("stopped in order", flush=True), sys.exit()))
end_with_parent(stop_seconds)
print("ready", flush=True)
time.sleep(60)
"""
PARENT = """
import os, subprocess, sys, time
from orchestration.machine.lifetimes import tied_to_us
child = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], env=os.environ | tied_to_us())
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(("stop_seconds", "last_words"), [("0", ""), ("10", "stopped in order")])
def test_a_child_ends_with_its_parent(stop_seconds: str, last_words: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, CHILD, stop_seconds], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    assert parent.stdout.readline() == "ready\n"
    time.sleep(0.3)
    assert child.is_running()
    parent.kill()
    child.wait(5)
    assert parent.stdout.read().strip() == last_words
    parent.wait()


def test_a_child_whose_parent_has_ended_before_it_could_look_ends_at_once() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    environment = os.environ | {ENDS_WITH_PARENT: str(gone.pid)}
    child = subprocess.Popen([sys.executable, "-c", CHILD, "0"], env=environment, stdout=subprocess.DEVNULL)
    assert child.wait(10) == -signal.SIGKILL
