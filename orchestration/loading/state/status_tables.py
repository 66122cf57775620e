"""The tables of the status: which columns they have, for `warehouse status` and for the pages of Dagster alike."""

from collections.abc import Mapping

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "totals": {
        "state": "state",
        "objects": "objects",
        "lines": "lines",
        "accepted": "accepted",
        "rejected": "rejected",
    },
    "loads_by_day": {
        "day": "day",
        "loads": "loads",
        "objects": "objects",
        "lines": "lines",
        "rejected": "rejected",
    },
    "revocations": {
        "cause": "cause",
        "objects": "objects",
        "last (UTC)": "last_revoked_at",
        "reason": "reason",
    },
    "lateness": {
        "source": "source",
        "deliveries": "deliveries",
        "p50": "p50_seconds",
        "p90": "p90_seconds",
        "p99": "p99_seconds",
        "max": "max_seconds",
    },
    "watermarks": {
        "source": "source",
        "latest event (UTC)": "latest_occurred_at",
        "complete through (UTC)": "complete_through_at",
    },
}
"""Field of `Status` with a list → heading of each column → attribute of the list's elements."""


def values_of(name: str, row: object) -> dict[str, object]:
    """Attribute → value of one element of the list, in the order of the columns."""
    return {attribute: getattr(row, attribute) for attribute in COLUMNS[name].values()}
