"""dbt's command line as a resource of Dagster, without what dagster-dbt does before each command for nothing."""

from importlib.metadata import version as installed_version

from dagster_dbt import DbtCliResource
from packaging.version import Version


# The docstring is what the launchpad says of the resource.
class ProjectDbt(DbtCliResource):
    """dbt's command line, of this environment and project."""

    # That of the installed package: `dbt --version` takes 2 CPU seconds, and up to 28 s beside other work.
    @property
    def _cli_version(self) -> Version:
        return Version(installed_version("dbt-core"))

    # An adapter in Dagster's own process takes as long, and only serves `fetch_row_counts` and the like: we use none.
    def _initialize_dbt_core_adapter(self, args) -> None:
        return None
