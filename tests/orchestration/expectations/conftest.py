"""Statements of every family that carry all that the gate asks for, and what is taken from them."""

import copy
import json
from collections.abc import Callable

import pytest

from orchestration.contract.vocabulary import HERE

FAMILIES = ("video", "assessment", "navigation", "session", "lifecycle", "social")


@pytest.fixture(scope="session")
def examples() -> dict[str, list[dict]]:
    """The contract's examples by family."""
    return {family: json.loads((HERE / "examples" / f"{family}.json").read_text()) for family in FAMILIES}


@pytest.fixture(scope="session")
def family_lines(examples) -> Callable[[str, int], list[dict]]:
    """family_lines(family, n) are n statements of the family in turn, each with an id of its own."""

    def build(family: str, count: int) -> list[dict]:
        lines = []
        for number in range(count):
            line = copy.deepcopy(examples[family][number % len(examples[family])])
            lines.append(line | {"id": f"00000000-0000-4000-8000-{number:012d}"})
        return lines

    return build
