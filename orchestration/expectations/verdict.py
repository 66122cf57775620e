"""What the expectations say about a load."""

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class LoadVerdict:
    """Reasons by object_id; an object that is in neither passes."""

    held: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    noted: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Published, with what is wrong with it: lines refused, fields missing, repeats …"""
    held_entirely: list[str] = field(default_factory=list)
    """Reasons that concern the load as a whole."""
