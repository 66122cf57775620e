"""What the launchpad may ask of a build, in dbt's words."""

import pytest
from pydantic import ValidationError

from orchestration.assets.build_config import BuildConfig


def test_by_default_dbt_is_told_nothing() -> None:
    assert BuildConfig().words() == []


def test_a_full_refresh_and_months() -> None:
    config = BuildConfig(full_refresh=True, refresh_months=["2026-01", "202602"])
    assert config.words() == ["--full-refresh", "--vars", '{"refresh_months": ["2026-01", "202602"]}']


@pytest.mark.parametrize("month", ["2026-13", "January", "2026"])
def test_what_is_no_month_is_refused(month: str) -> None:
    with pytest.raises(ValidationError, match="expected months as 2026-01"):
        BuildConfig(refresh_months=[month])
