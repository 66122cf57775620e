"""What the expectations say about a load."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

    from orchestration.expectations.faults import UnmetExpectation


@dataclass
class LoadVerdict:
    """Reasons by object_id; an object that is in neither passes."""

    held: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    noted: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Published, with what is wrong with it: lines refused, fields missing, repeats …"""
    held_entirely: list[str] = field(default_factory=list)
    """Reasons that concern the load as a whole."""
    result: "ExpectationSuiteValidationResult | None" = None
    """What Great Expectations answered."""
    faults: dict[str, list["UnmetExpectation"]] = field(default_factory=dict)
    """The critical expectations that failed, by object_id, with the first lines at fault."""
