"""The examples in `examples/`: what is accepted, for each family, and what is refused, for each reason."""

import json
from typing import Any

from orchestration.contract.vocabulary import HERE

EXAMPLES = HERE / "examples"


def family_examples(family: str) -> list[dict[str, Any]]:
    """One statement for each verb of the family."""
    return json.loads((EXAMPLES / f"{family}.json").read_text())
