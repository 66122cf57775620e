"""`warehouse export`: what is held about a person, written into a folder."""

from pathlib import Path

from orchestration.commands.context import open_warehouse
from orchestration.commands.display import output, shown_stages
from orchestration.commands.erase import site_of, texts_given


def run_export(learners: list[str], folder: Path) -> int:
    """The exit code: 0 when it is written."""
    from orchestration.erasure.export import export
    from orchestration.erasure.steps import known_person

    texts = texts_given(learners)
    with open_warehouse() as warehouse, shown_stages() as stages:
        stages.start("Collecting what is held")
        site = site_of(warehouse, stages)
        counts = export(site.client, known_person(site, texts), folder)
        stages.finish(f"{sum(counts.values()):,} lines and rows")
    for name, count in counts.items():
        output().print(f"{folder / name}: {count:,}", markup=False, soft_wrap=True)
    return 0
