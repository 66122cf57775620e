"""dbt's command line as a resource of Dagster, without what dagster-dbt does before each command for nothing."""

from importlib.metadata import version as installed_version

from dagster_dbt import DbtCliResource
from packaging.version import Version


class ProjectDbt(DbtCliResource):
    """The dbt of this environment. Its version is that of the installed package: `dbt --version` takes 2 CPU seconds,
    and up to 28 s beside other work. An adapter in Dagster's own process, which takes as long, would only serve
    `fetch_row_counts` and the like, which we do not use.
    """

    @property
    def _cli_version(self) -> Version:
        return Version(installed_version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args) -> None:
        return None
