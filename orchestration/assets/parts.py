"""The parts in which a long build goes: first the models of every ten minutes, then the others, some at a time.

Each part is a turn of its own: a run of the ten-minute path that waits comes in between. So it waits for the length of
a part, and not for the whole night. It changes no table that a later part writes, and what a later part makes is as new
as the tables that it reads.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from orchestration.loading.state.builds import COVERED_BY

PART_MODELS = 60
"""Models of a part after the first: about as many as the ten-minute job builds, so that a run waits for its own length.
Fewer end sooner for those who wait, and cost some seconds of dbt for each part."""
FREQUENT_TAG = "near_real_time"
BUILT = ("model", "seed", "snapshot")


def parts_of(manifest: Mapping[str, Any], job: str, chosen: Collection[str]) -> list[list[str]]:
    """Unique ids of what the job builds of `chosen`, part by part, each after all that it is made from.

    One part, except for the jobs that build more than the ten-minute one does.
    """
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in BUILT}
    order = [name for name in in_order(nodes) if name in chosen]
    if job not in COVERED_BY["nightly"]:
        return [order]
    frequent = ancestors(nodes, (name for name in order if FREQUENT_TAG in nodes[name]["tags"]))
    first, rest = [name for name in order if name in frequent], [name for name in order if name not in frequent]
    parts = [first, *(rest[start : start + PART_MODELS] for start in range(0, len(rest), PART_MODELS))]
    return [part for part in parts if part]


def words_for(
    parts: Sequence[Sequence[str]], number: int, failed: Iterable[str], manifest: Mapping[str, Any]
) -> list[str]:
    """dbt's words for one part: all but the other parts, and what is made from a model that has failed."""
    others = [name for place, part in enumerate(parts) if place != number for name in part]
    left_out = [_selector(manifest, name) for name in others] + [f"{_selector(manifest, name)}+" for name in failed]
    # One word with blanks in it: dagster-dbt takes no other list.
    return ["--exclude", " ".join(left_out)] if left_out else []


def in_order(nodes: Mapping[str, Any]) -> list[str]:
    """All nodes, each after those that it is made from; by name where that leaves a choice."""
    ordered: dict[str, None] = {}

    def add(name: str) -> None:
        if name in ordered or name not in nodes:
            return
        for parent in sorted(nodes[name]["depends_on"].get("nodes", [])):
            add(parent)
        ordered[name] = None

    for name in sorted(nodes):
        add(name)
    return list(ordered)


def ancestors(nodes: Mapping[str, Any], names: Iterable[str]) -> set[str]:
    """The nodes and all that they are made from."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in seen:
            seen.add(name)
            waiting += nodes[name]["depends_on"].get("nodes", [])
    return seen


def _selector(manifest: Mapping[str, Any], name: str) -> str:
    return "fqn:" + ".".join(manifest["nodes"][name]["fqn"])
