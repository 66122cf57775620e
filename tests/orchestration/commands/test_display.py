"""Progress without a terminal."""

import io

from rich.console import Console

from orchestration.commands.display import PlainStages


def test_plain_progress_is_one_line_at_each_end_and_now_and_then_between():
    now = [0.0]
    written = io.StringIO()
    stages = PlainStages(Console(file=written, width=100), clock=lambda: now[0])
    stages.start("Loading", 40)
    for done in range(1, 41):
        now[0] += 0.5
        stages.move(done, 40, f"{done} lines")
    stages.start("Building")
    stages.finish("2 models")
    stages.finish()
    assert written.getvalue().splitlines() == [
        "Loading …",
        "Loading: 20 of 40 20 lines",
        "Loading: 40 of 40 40 lines",
        "Loading: done in 20.0 s, 40 lines",
        "Building …",
        "Building: done in 0.0 s, 2 models",
    ]
