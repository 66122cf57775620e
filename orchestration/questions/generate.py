"""Writes context.md from dbt's manifest and the registry of questions; `orchestration.generate` calls it."""

import json

from orchestration.dbt_process.manifest import prepare_manifest
from orchestration.questions.context import CONTEXT, context_page
from orchestration.questions.registry import questions


def generated_page() -> str:
    """What context.md must hold now."""
    return context_page(json.loads(prepare_manifest().read_text()), questions())


def write_files() -> None:
    CONTEXT.write_text(generated_page())


if __name__ == "__main__":
    write_files()
