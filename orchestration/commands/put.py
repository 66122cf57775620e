"""`warehouse put`: files and folders become drops in the lake."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from orchestration.commands.context import open_warehouse
from orchestration.commands.display import output, print_note, shown_stages
from orchestration.machine.locks import is_locked

SHOWN_KEYS = 10
SHOWN_LEFT_OUT = 200
DATE_OF_FOLDER = re.compile(r"/dt=(\d{4}-\d{2}-\d{2})/")


def put(paths: list[Path], source: str, kind: str) -> None:
    """Upload, and say under which keys, and what of the folders was left out and why."""
    from orchestration.loading.lake.upload import LeftOut, put_drop

    left_out: list[LeftOut] = []
    try:
        with open_warehouse() as warehouse, shown_stages() as stages:
            uploaded = []

            def tell(key: str) -> None:
                uploaded.append(key)
                stages.move(len(uploaded), note=key)

            stages.start("Uploading drops")
            keys = put_drop(
                warehouse.lake(), paths, source=source, kind=kind, on_upload=tell, on_left_out=left_out.append
            )
            stages.finish(f"{len(keys):,} {'object' if len(keys) == 1 else 'objects'}")
        _print_some(keys, SHOWN_KEYS)
    finally:
        _print_some([f"left out {file.path}: {file.reason}" for file in left_out], SHOWN_LEFT_OUT)
    print_note(next_step(warehouse.settings.home, keys, datetime.now(UTC).date()))


def next_step(home: Path, keys: Iterable[str], today: date) -> str:
    """What loads the drops: the sensor of a running `warehouse up`, or a run by hand."""
    from orchestration.loading.lake.scope import Tier, days_of
    from orchestration.sensors.cursor import TICK_SECONDS

    if not is_locked(home / "up.lock"):
        return "Next: 'uv run warehouse run' loads them and builds the marts."
    step = (
        f"Next: the sensor of the running 'warehouse up' sees them within {TICK_SECONDS} s; its run loads them and "
        "builds the marts."
    )
    first_seen = {f"{day:%Y-%m-%d}" for day in days_of(Tier.RECENT, today)}
    if any(folder_date not in first_seen for key in keys for folder_date in DATE_OF_FOLDER.findall(key)):
        step += " It comes to folders of other dates later: 'uv run warehouse run' loads them at once."
    return step


def _print_some(lines: list[str], shown_count: int) -> None:
    for line in lines[:shown_count]:
        output().print(line, markup=False, soft_wrap=True)
    if len(lines) > shown_count:
        output().print(f"… and {len(lines) - shown_count:,} more", markup=False)
