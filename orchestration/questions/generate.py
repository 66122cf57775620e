"""Writes context.md from dbt's manifest and the registry: python -m orchestration.questions.generate

To run after a change of a mart's description or columns, of a metric's words, or of the registry.
"""

import json

from orchestration.dbt_process.manifest import prepare_manifest
from orchestration.questions.context import CONTEXT, context_page
from orchestration.questions.registry import questions


def generated_page() -> str:
    """What context.md must hold now."""
    return context_page(json.loads(prepare_manifest().read_text()), questions())


if __name__ == "__main__":
    CONTEXT.write_text(generated_page())
