"""What every benchmark is as a program: it measures, prints what it found, and leaves nothing behind."""

import signal
import sys
from collections.abc import Callable

from orchestration.commands.display import Stages, output, print_error, shown_stages
from tests.benchmarks.report import Report, show, to_json
from tests.benchmarks.stopwatch import BenchmarkError


def run_program(measure: Callable[[Stages], Report], is_json: bool) -> int:
    """Measure and print the report, for a person or as JSON; the exit code. Missed targets are no failure."""
    # Ends every block, so that neither services nor files stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with shown_stages() as stages:
            report = measure(stages)
    except BenchmarkError as error:
        print_error(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    if is_json:
        print(to_json(report))
    else:
        show(report, output())
    return 0
