"""What a person may ask of a build of the models, in Dagster's launchpad."""

import json
import re

from dagster import Config
from pydantic import Field, field_validator

MONTH = re.compile(r"(19|20)\d\d-?(0[1-9]|1[0-2])")


class BuildConfig(Config):
    """How much of the selected models is built again. As it is, only what new, changed or revoked drops touch."""

    full_refresh: bool = Field(
        default=False,
        description="Build the selected models from nothing, as `dbt build --full-refresh`. The result is the same; "
        "it takes as long as the first build.",
    )
    refresh_months: list[str] = Field(
        default=[],
        description='Months whose events are all computed again, as ["2026-01"], as after a repair by hand.',
    )

    @field_validator("refresh_months")
    @classmethod
    def _are_months(cls, months: list[str]) -> list[str]:
        strays = [month for month in months if not MONTH.fullmatch(month)]
        if strays:
            raise ValueError(f"refresh_months holds '{strays[0]}'; expected months as 2026-01.")
        return months

    def words(self) -> list[str]:
        """What dbt's command line is told; nothing by default."""
        months = ["--vars", json.dumps({"refresh_months": self.refresh_months})] if self.refresh_months else []
        return ["--full-refresh"] * self.full_refresh + months
