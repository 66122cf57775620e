"""A process that has imported dbt and parsed the project, and forks itself for each run.

`python -m orchestration.dbt_process.server FOLDER [--lock FD]`. Importing and parsing take 4 to 20 CPU seconds, a run
with nothing to do hardly more. A run is a process of its own, as any dbt is: it leads a group and can be killed. The
process ends with the one that started it, and all runs with it; it parses again when a file of the project has changed.
"""

import argparse
import gc
import os
import selectors
import signal
import socket
import sys
import tempfile
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, NoReturn

from orchestration.dbt_process.manifest import (
    is_manifest_stale,
    manifest_path,
    parse_stamp,
    parsing_alone,
    write_manifest,
)
from orchestration.dbt_process.protocol import SOCKET, STREAMS, ConnectionSide, accept, inside
from orchestration.machine.lifetimes import ENDS_WITH_PARENT, end_with_parent, tied_to_us
from orchestration.machine.locks import take_lock
from orchestration.settings import PROJECT_ROOT

SHAPING = ("WAREHOUSE_TARGET", "WAREHOUSE_SCHEMA", "DBT_PROFILES_DIR")
"""Of the environment, beside what the project's files ask for: it shapes the parse."""
LOCK = "warm.lock"
PARSES = 20
"""After so many the process starts afresh: what dbt leaves behind of each is not known."""
WATCH_SECONDS = 0.2


class WarmDbt:
    """Clients, and the runs that were forked for them."""

    def __init__(self) -> None:
        self.parsed: Any = None
        self.stamp = ""
        self.parses = 0
        self.runs: dict[int, ConnectionSide] = {}
        self.selector = selectors.DefaultSelector()

    def parse(self, folder: Path) -> None:
        """Parse the project; raises what dbt has to say when it does not parse."""
        from dbt.cli.main import dbtRunner

        stamp = parse_stamp()
        done = dbtRunner().invoke(["--quiet", "parse", "--target-path", str(folder), "--log-path", str(folder)])
        if not done.success:
            raise done.exception or RuntimeError("The project does not parse: 'uv run dbt parse' shows why.")
        self.parsed, self.stamp = done.result, stamp
        self.parses += 1
        # What is there stays: runs share its memory as long as nothing touches it.
        gc.collect()
        gc.freeze()

    def prepare(self, turn: int | None = None) -> None:
        """Have the project as it is now, and Dagster's manifest with it. `turn` is the turn to parse, given to us."""
        if self.stamp == parse_stamp():
            return
        manifest = manifest_path()
        with parsing_alone(manifest) if turn is None else nullcontext():
            if is_manifest_stale(manifest):
                write_manifest(manifest, self.parse)
                return
        with tempfile.TemporaryDirectory(prefix="dbt-parse-") as folder:
            self.parse(Path(folder))

    def serve(self, listener: socket.socket, parent: int) -> None:
        """Until the process that started us is gone."""
        wake, woken = socket.socketpair()
        woken.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        self.selector.register(listener, selectors.EVENT_READ)
        self.selector.register(wake, selectors.EVENT_READ)
        while os.getppid() == parent:
            for key, _ in self.selector.select(WATCH_SECONDS):
                if key.fileobj is listener:
                    self.take(listener)
                elif key.fileobj is wake:
                    wake.recv(4096)
                    self.tell_who_ended()
                else:
                    self.end_run(key.data)
            if self.parses > PARSES and not self.runs:
                os.execv(sys.executable, [sys.executable, "-m", __spec__.name, sys.argv[1]])

    def take(self, listener: socket.socket) -> None:
        """Fork a run for the next client, or say why not."""
        try:
            line, streams = accept(listener)
        except OSError:
            return
        request = line.hear()
        why = self.why_not(request, len(streams)) or ("the client is gone" if line.is_closed() else "")
        if why:
            print(f"Refused: {why}", file=sys.stderr, flush=True)
            line.tell(refused=why)
            line.close()
        else:
            pid = os.fork()
            if pid == 0:
                self.run(request, streams)
            self.runs[pid] = line
            self.selector.register(line, selectors.EVENT_READ, pid)
            line.tell(started=pid)
        for stream in streams:
            os.close(stream)

    def why_not(self, request: dict[str, Any], streams: int) -> str:
        """Why this run cannot go by what was parsed; empty when it can."""
        if not request or streams != STREAMS:
            return "the request is incomplete"
        try:
            self.prepare()
        except Exception as error:  # a cold dbt will say it to the one who asked
            return str(error)
        theirs = request["environment"]
        names = (*SHAPING, *self.parsed.env_vars)
        different = [name for name in names if (theirs.get(name) or "") != os.environ.get(name, "")]
        return f"{', '.join(different)} differs from what was parsed" if different else ""

    def tell_who_ended(self) -> None:
        for pid, line in list(self.runs.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self.runs[pid]
                with suppress(KeyError):
                    self.selector.unregister(line)
                line.tell(ended=status)
                line.close()

    def end_run(self, pid: int) -> None:
        """The client is gone, most likely killed: its run ends as a killed dbt does."""
        self.selector.unregister(self.runs[pid])
        os.kill(pid, signal.SIGKILL)

    def run(self, request: dict[str, Any], streams: list[int]) -> NoReturn:
        """The forked process: dbt from its command line to its exit code, never back into the caller."""
        code = 2
        try:
            os.setsid()
            self._let_go()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            os.chdir(request["folder"])
            os.environ.clear()
            os.environ.update(request["environment"] | {ENDS_WITH_PARENT: str(os.getppid())})
            end_with_parent()
            code = _invoke(request["words"], self.parsed)
        except BaseException as error:
            print(repr(error))
        sys.stdout.flush()
        os._exit(code)

    def _let_go(self) -> None:
        """Give up what is the parent's: its signals, its socket, its clients."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def _invoke(words: list[str], parsed: Any) -> int:
    """dbt's exit code: 1 when a node failed, 2 for what dbt did not expect."""
    from dbt.cli.main import dbtRunner

    done = dbtRunner(manifest=parsed).invoke(words)
    if done.exception:
        print(done.exception)
    return 0 if done.success else 2 if done.exception else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the socket goes")
    parser.add_argument("--lock", type=int, help="descriptor of the turn to parse")
    chosen = parser.parse_args()
    parent = int(os.environ[ENDS_WITH_PARENT])
    gc.set_threshold(200_000, 20, 20)
    os.environ.update(tied_to_us())
    lock = take_lock(chosen.folder / LOCK)
    if lock is None:
        return 0  # another command has started one
    listener = socket.socket(socket.AF_UNIX)
    with inside(chosen.folder):
        # Under its name only once it listens: who finds the socket may connect.
        unready = Path(f"{SOCKET}.{os.getpid()}")
        listener.bind(str(unready))
        listener.listen()
        unready.replace(SOCKET)
    os.chdir(PROJECT_ROOT)
    warm = WarmDbt()
    with suppress(Exception):  # who asks for a run is told
        warm.prepare(chosen.lock)
    if chosen.lock is not None:
        os.close(chosen.lock)
    warm.serve(listener, parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
