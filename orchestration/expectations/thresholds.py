"""The gate's limits, read from dbt_project.yml: there each has its unit, its range and the reason for its value."""

from dataclasses import dataclass, fields
from functools import cache

import yaml

from orchestration.settings import PROJECT_ROOT

PREFIX = "gate_"


@dataclass(frozen=True)
class Thresholds:
    """The variables of dbt_project.yml whose name starts with `gate_`, without it."""

    refused_ratio_max: float
    lines_min: int
    judge_seconds_max: int
    missing_events_min: int
    missing_ratio_noted: float
    missing_ratio_held: float
    duplicate_ratio_max: float
    late_hours: int
    late_ratio_max: float
    verbs_events_min: int
    volume_ratio_min: float
    volume_ratio_max: float
    volume_events_min: int
    behind_hours_max: int
    silent_hours_max: int
    ended_hours: int
    conflict_ratio_max: float
    redelivery_ratio_max: float
    open_interval_ratio_max: float
    orphan_ratio_max: float


@cache
def thresholds() -> Thresholds:
    """The limits as the project sets them; one that is missing or unknown is an error."""
    return read_thresholds((PROJECT_ROOT / "dbt_project.yml").read_text())


def read_thresholds(project: str) -> Thresholds:
    """The limits of a dbt_project.yml; raises ValueError that names what is missing, unknown or no number."""
    variables = yaml.safe_load(project)["vars"]
    values = {name.removeprefix(PREFIX): value for name, value in variables.items() if name.startswith(PREFIX)}
    known = {field.name for field in fields(Thresholds)}
    wrong = known ^ values.keys() | {name for name, value in values.items() if not isinstance(value, int | float)}
    if wrong:
        raise ValueError(f"dbt_project.yml: expected one number for each limit of the gate; wrong: {sorted(wrong)}")
    return Thresholds(**values)
