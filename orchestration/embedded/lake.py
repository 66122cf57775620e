"""The lake of one machine: `rclone serve s3` on loopback over a folder of the home."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from orchestration.embedded.home import Home, Secrets, read_services
from orchestration.embedded.rclone import rclone
from orchestration.machine.locks import is_locked, take_lock

HOST = "127.0.0.1"
READY_SECONDS = 20
STOP_SECONDS = 5
PR_SET_PDEATHSIG = 1


class LakeFailed(Exception):
    """The lake did not start; the message says where its log is."""


class LakeProcess:
    """The running lake process."""

    def __init__(self, process: subprocess.Popen, port: int) -> None:
        self.process = process
        self.port = port

    @property
    def endpoint_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def stop(self) -> None:
        """Ends the process; kills it when it does not leave."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_lake(home: Home, secrets: Secrets, preferred_port: int = 0) -> LakeProcess:
    """Starts the lake and waits until it answers.

    Must run in the main thread: on Linux the lake is bound to the life of the thread that starts it.
    """
    end_orphan(home)
    log_path = home.logs / "lake.log"
    lock = take_lock(home.lake_lock_file)
    if lock is None:
        raise LakeFailed(f"Another process holds {home.lake_lock_file}. Stop it, then start the services again.")
    try:
        for port in (preferred_port, 0, 0, 0):
            lake = _launch(home, secrets, port if _is_free(port) else free_port(), lock, log_path)
            if _is_ready(lake):
                return lake
            lake.stop()
    finally:
        os.close(lock)
    raise LakeFailed(f"The lake (rclone serve s3) did not answer within {READY_SECONDS} s. Its log: {log_path}")


def end_orphan(home: Home) -> None:
    """Ends a lake whose engine was killed. The lake inherits `lake.lock`, so a held lock proves that it still runs."""
    recorded = read_services(home)
    if recorded is None or not is_locked(home.lake_lock_file):
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(int(recorded["lake"]["pid"]), sign)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if not is_locked(home.lake_lock_file):
                return
            time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def _is_free(port: int) -> bool:
    if port == 0:
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _launch(home: Home, secrets: Secrets, port: int, lock: int, log_path: Path) -> LakeProcess:
    command = [str(rclone()), "serve", "s3", "--addr", f"{HOST}:{port}"]
    # rclone remembers its folders for five minutes, which hides nothing as long as every change goes through S3.
    # Not `--dir-cache-time 0`: with it rclone 1.75 spins on a core and hangs after some dozens of uploads.
    command += ["--vfs-cache-mode", "off"]
    command += ["--config", os.devnull, "--cache-dir", str(home.lake_hashes), "--temp-dir", str(home.temporary)]
    command += ["--log-level", "NOTICE", "hashed_lake:"]
    # Keys go through the environment: a command line can be read by every user of the machine.
    keys = f"{secrets.lake_access_key_id},{secrets.lake_secret_access_key}"
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home.temporary),
        "TZ": "UTC",
        "RCLONE_AUTH_KEY": f'"{keys}"',
        # Every listing needs every object's MD5: kept, or a lake of 10 GB is read from end to end each minute.
        "RCLONE_CONFIG_HASHED_LAKE_TYPE": "hasher",
        "RCLONE_CONFIG_HASHED_LAKE_REMOTE": str(home.lake_data),
        "RCLONE_CONFIG_HASHED_LAKE_HASHES": "md5",
        "RCLONE_CONFIG_HASHED_LAKE_MAX_AGE": "off",
    }
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
    return LakeProcess(process, port)


def _die_with_parent() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _is_ready(lake: LakeProcess) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and lake.process.poll() is None:
        try:
            with socket.create_connection((HOST, lake.port), timeout=1):
                return True
        except OSError:
            time.sleep(0.05)
    return False
