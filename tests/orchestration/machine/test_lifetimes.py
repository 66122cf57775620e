"""A process ends with its parent, even when that one is killed."""

import subprocess
import sys
import time

import psutil
import pytest

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
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]])
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
