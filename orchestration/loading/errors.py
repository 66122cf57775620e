"""Errors of the load, and the rule that no secret leaves in one."""

import re
from collections.abc import Iterable

from orchestration.settings import Settings

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


def safe_message(error: Exception, settings: Settings) -> str:
    """The error on one line, without secrets and without the parts that name no cause."""
    secrets = (*settings.lake.secrets(), settings.clickhouse.password)
    text = without_secrets(" ".join(str(error).split()), secrets)
    text = re.sub(r"(: While executing \w+)+", "", text)
    text = re.sub(r"Received ClickHouse exception, code: \d+, server response: ", "", text)
    text = re.sub(r"DB::Exception: \(in file/uri", "DB::Exception: The lake answered with an error: (in file/uri", text)
    text = re.sub(r"(Code: \d+\. )?DB::Exception: |\s*\(for url [^)]*\)|: \(in file/uri [^)]*\)", "", text)
    return re.sub(r"\s*\(version [^()]*(\([^()]*\))?[^()]*\)", "", text)
