"""JSON laid out for people: what fits into a line stands on one."""

import json
from typing import Any

LINE_WIDTH = 100


def to_text(value: Any) -> str:
    """The value as a file's text."""
    return _laid_out(value, 0) + "\n"


def _laid_out(value: Any, depth: int) -> str:
    short = json.dumps(value, ensure_ascii=False)
    if len(short) + 2 * depth <= LINE_WIDTH or not isinstance(value, dict | list) or not value:
        return short
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + _laid_out(element, depth + 1) for element in value) + f"\n{outer}]"
    pairs = (f"{inner}{json.dumps(key)}: {_laid_out(member, depth + 1)}" for key, member in value.items())
    return "{\n" + ",\n".join(pairs) + f"\n{outer}}}"
