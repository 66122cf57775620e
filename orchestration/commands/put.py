"""`warehouse put`: files and folders become drops in the lake."""

from pathlib import Path

from orchestration.commands.display import output, print_note, shown_stages
from orchestration.commands.opened import opened_warehouse

SHOWN_KEYS = 10


def put(paths: list[Path], source: str, kind: str) -> None:
    """Upload, and say under which keys."""
    from orchestration.resources.drops import put_drop

    with opened_warehouse() as warehouse, shown_stages() as stages:
        uploaded = []

        def tell(key: str) -> None:
            uploaded.append(key)
            stages.move(len(uploaded), note=key)

        stages.start("Uploading drops")
        keys = put_drop(warehouse.lake(), paths, source=source, kind=kind, on_upload=tell)
        stages.finish(f"{len(keys):,} {'object' if len(keys) == 1 else 'objects'}")
    for key in keys[:SHOWN_KEYS]:
        output().print(key, markup=False, soft_wrap=True)
    if len(keys) > SHOWN_KEYS:
        output().print(f"… and {len(keys) - SHOWN_KEYS:,} more", markup=False)
    print_note("Next: 'uv run warehouse run' loads them and builds the marts.")
