"""YAML as this room writes and reads it."""

from typing import Any

import yaml

# The parser in C, where PyYAML has it: the files of the dashboards take seconds without.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):
    """Texts of several lines as blocks, and no references between parts of a file."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def from_yaml(text: str) -> Any:
    """What the text holds."""
    return yaml.load(text, Loader=_Loader)


def to_yaml(content: Any) -> str:
    """The content as text: order kept, long texts not folded, SQL as a block."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000)
