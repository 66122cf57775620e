"""`warehouse bench`: the benchmarks of the tests folder, started from the project."""

import subprocess
import sys
from importlib.util import find_spec

from orchestration.commands.display import print_note
from orchestration.commands.errors import EXIT_INTERRUPTED, CommandError
from orchestration.settings import PROJECT_ROOT

STOP_SECONDS = 60
"""To stop the throw-away services and remove their files."""


def run_benchmark(name: str, arguments: list[str]) -> int:
    """Run one benchmark to its end; its exit code."""
    module = PROJECT_ROOT / "tests" / "benchmarks" / f"{name}.py"
    if not module.is_file():
        raise CommandError(
            f"{module} does not exist: benchmarks are part of the project's tests, not of an installed package. "
            "Run this command from a clone of the repository."
        )
    if find_spec("psutil") is None:
        raise CommandError("The benchmarks need the development tools, psutil among them: run 'uv sync'.")
    # In our own process group: Ctrl-C reaches the benchmark as well, and it tidies up.
    process = subprocess.Popen([sys.executable, "-m", f"tests.benchmarks.{name}", *arguments], cwd=PROJECT_ROOT)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait(STOP_SECONDS)
        print_note("Interrupted. The throw-away warehouse is gone.")
        return EXIT_INTERRUPTED
    finally:
        _end(process)


def _end(process: subprocess.Popen) -> None:
    """Ask the process to end, then end it; its services end with it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
