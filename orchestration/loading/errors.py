"""Errors of the load, and the rule that no secret leaves in one."""

from collections.abc import Iterable

HIDDEN = "[hidden]"


class WarehouseError(Exception):
    """Something a person can act on: one sentence that says what was found and what to do."""


class LoadError(WarehouseError):
    """The load as a whole cannot go on; nothing of the batch at hand was committed."""


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret replaced; longer secrets first, so that none is left in part."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
