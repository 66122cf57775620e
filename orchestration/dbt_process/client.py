"""`dbt-warm`: dbt's command line, run by the warm process of the home where it can be, else by dbt itself.

It is used as dbt is: the same words, environment, streams, signals and exit code. Only when the warm process
has not begun does it become a cold dbt; a run that was begun is never begun twice.
"""

import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path

from orchestration.dbt_process.protocol import ConnectionSide, ask
from orchestration.machine.lifetimes import end_with_parent
from orchestration.settings import PROJECT_ROOT, warehouse_home

BUILDING = frozenset({"build", "run", "test", "seed", "run-operation"})
SHAPE_THE_PARSE = ("--vars", "--target", "-t", "--prof", "--project-dir", "--defer", "--state", "--no-")
START_SECONDS = 120
"""For the warm process to parse; it then begins, or refuses."""
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    words = sys.argv[1:]
    if words == ["--version"]:
        print(f"Core:\n  - installed: {version('dbt-core')}")
        return 0
    line = ask(socket_folder(warehouse_home()), words, os.environ, (0, 1, 2)) if can_be_warm(words) else None
    if line:
        line.socket.settimeout(START_SECONDS)
    started = line.hear() if line else {}
    if line is None or "started" not in started:
        if line:
            line.close()
        dbt = str(Path(sys.executable).parent / "dbt")
        os.execv(dbt, [dbt, *words])
    line.socket.settimeout(None)
    end_with_parent()
    return wait(line, started["started"])


def can_be_warm(words: list[str]) -> bool:
    """Whether this is a command on the project as it was parsed."""
    is_plain = not any(word.startswith(SHAPE_THE_PARSE) for word in words if word != "--no-use-colors")
    return is_plain and not BUILDING.isdisjoint(words) and Path.cwd() == PROJECT_ROOT


def socket_folder(home: Path) -> Path:
    """Where the warm process of the home listens."""
    return home / "warm_dbt"


def wait(line: ConnectionSide, pid: int) -> int:
    """The exit code of the run, which gets the signals that we get."""

    def forward(number: int, _: object) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return

    for number in FORWARDED:
        signal.signal(number, forward)
    status = line.hear().get("ended")
    if status is None:  # The warm process was killed, and the run ends with it: now, not in a moment.
        forward(signal.SIGKILL, None)
        return 128 + signal.SIGKILL
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
