"""`warehouse status`: what happened to everything that was delivered."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from orchestration.commands.context import open_warehouse
from orchestration.commands.display import output
from orchestration.commands.errors import EXIT_FAILED
from orchestration.commands.status_display import show

if TYPE_CHECKING:
    from orchestration.loading import Status


def show_status(as_json: bool, with_lake: bool = True) -> int:
    """Print the state now; the exit code: 0, or 1 when the lake did not answer or an equation does not hold."""
    from orchestration.loading import status

    with open_warehouse() as warehouse:
        state = status(warehouse.connect_prepared(), warehouse.lake() if with_lake else None)
    if as_json:
        print(to_json(state))
    else:
        show(state, output())
    return EXIT_FAILED if state.lake_error or not state.adds_up else 0


def to_json(status: "Status") -> str:
    """Everything, for a program: the fields of `Status`, times as ISO 8601 in UTC."""
    content = asdict(status) | {"adds_up": status.adds_up, "unpublished": status.unpublished}
    return json.dumps(content, indent=2, default=lambda value: value.isoformat(), ensure_ascii=False)
