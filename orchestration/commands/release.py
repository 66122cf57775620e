"""`warehouse release`: publish what the gate holds, by a decision of record."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from orchestration.commands.context import open_warehouse
from orchestration.commands.display import output, print_note
from orchestration.commands.figures import count

if TYPE_CHECKING:
    from orchestration.loading.release import ReleaseReport

SHOWN_KEYS = 10
NEXT = "uv run warehouse run --job near_real_time"


def run_release(load: str, reason: str, objects: list[str], as_json: bool) -> int:
    """The exit code is 0; what cannot be released is an error, which makes it 1."""
    from orchestration.loading.release import release

    with open_warehouse() as warehouse:
        report = release(warehouse.connect(), warehouse.settings, load, reason, objects)
    if as_json:
        next_command = NEXT if report.released else ""
        print(json.dumps(asdict(report) | {"next": next_command}, indent=2, ensure_ascii=False))
    else:
        show(report)
    return 0


def show(report: "ReleaseReport") -> None:
    """What is published now, what was before, what is not, and what to do next."""
    if report.released:
        _say(f"Released {count(len(report.released), 'object', 'objects')} of load {report.load_id}:")
        _keys(report.released)
    if report.released_before:
        number = count(len(report.released_before), "object was", "objects were")
        _say(f"{number} released before; nothing changed about {'it' if len(report.released_before) == 1 else 'them'}:")
        _keys(report.released_before)
    for refused in report.refused[:SHOWN_KEYS]:
        print_note(f"Not released: {refused.key}: {refused.why}")
    if len(report.refused) > SHOWN_KEYS:
        print_note(f"… and {len(report.refused) - SHOWN_KEYS:,} more: see --json")
    if report.released:
        _say(f"The marts get them with the next build: '{NEXT}', or by itself while 'warehouse up' runs.")


def _keys(keys: list[str]) -> None:
    for key in keys[:SHOWN_KEYS]:
        _say(f"  {key}")
    if len(keys) > SHOWN_KEYS:
        _say(f"  … and {len(keys) - SHOWN_KEYS:,} more: see --json")


def _say(text: str) -> None:
    output().print(text, markup=False, soft_wrap=True)
