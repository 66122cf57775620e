"""The limits of the churn model, read from dbt_project.yml: there each has its unit, its range and its reason."""

from dataclasses import dataclass, fields
from functools import cache

import yaml

from orchestration.settings import PROJECT_ROOT

PREFIX = "churn_model_"


@dataclass(frozen=True)
class Limits:
    """The variables of dbt_project.yml whose name starts with `churn_model_`, without it."""

    seed: int
    test_ratio: float
    resamples: int
    positives_min: int
    learners_min: int
    course_positives_min: int
    calibration_error_max: float
    drift_max: float
    slice_gap_max: float


@cache
def limits() -> Limits:
    """The limits as the project sets them; one that is missing or unknown is an error."""
    return read_limits((PROJECT_ROOT / "dbt_project.yml").read_text())


def read_limits(project: str) -> Limits:
    """The limits of a dbt_project.yml; raises ValueError that names what is missing, unknown or no number."""
    variables = yaml.safe_load(project)["vars"]
    values = {name.removeprefix(PREFIX): value for name, value in variables.items() if name.startswith(PREFIX)}
    wrong = {field.name for field in fields(Limits)} ^ values.keys()
    wrong |= {name for name, value in values.items() if not isinstance(value, int | float)}
    if wrong:
        raise ValueError(
            f"dbt_project.yml: expected one number for each limit of the churn model; wrong: {sorted(wrong)}"
        )
    return Limits(**values)
