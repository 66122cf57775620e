"""The gate's limits come from dbt_project.yml, each of them, and no other."""

import pytest

from orchestration.expectations.thresholds import read_thresholds, thresholds
from orchestration.settings import PROJECT_ROOT

PROJECT = (PROJECT_ROOT / "dbt_project.yml").read_text()


def test_every_limit_of_the_project_is_a_field_and_every_field_is_set() -> None:
    assert read_thresholds(PROJECT) == thresholds()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (("gate_late_hours: 168", "gate_late_hours: often"), "late_hours"),
        (("gate_late_hours:", "gate_tardy_hours:"), "tardy_hours"),
    ],
)
def test_a_limit_that_is_no_number_unknown_or_missing_is_named(change: tuple[str, str], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        read_thresholds(PROJECT.replace(*change))
