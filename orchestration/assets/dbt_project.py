"""The dbt project as Dagster sees it, and what a build is made from."""

import hashlib
import os
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from clickhouse_connect.driver.client import Client

from orchestration.dbt_process.manifest import manifest_path, prepare_manifest, project_fingerprint
from orchestration.dbt_process.var_ranges import check_var_ranges
from orchestration.loading import live_fingerprint
from orchestration.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from dagster_dbt import DbtProject


def build_fingerprint(client: Client) -> str:
    """What a build is made from: the live lines, the models' code, what makes SQL of it, and the schemas it goes to."""
    around = [version("dbt-core"), version("dbt-clickhouse"), os.environ.get("WAREHOUSE_SCHEMA", "")]
    code = hashlib.sha256("\0".join([project_fingerprint(), *around]).encode()).hexdigest()[:16]
    return f"{live_fingerprint(client)}-{code}"


@cache
def dbt_project() -> "DbtProject":
    """The project; with no manifest it is parsed once, so that a fresh clone opens in `dagster dev` as it is."""
    check_var_ranges()
    from dagster_dbt import DbtProject  # takes two seconds, which a command that only asks for the fingerprint saves

    if not manifest_path().exists() or os.environ.get("DAGSTER_IS_DEV_CLI"):
        prepare_manifest()
    return DbtProject(
        project_dir=PROJECT_ROOT, profiles_dir=PROJECT_ROOT / "profiles", target_path=manifest_path().parent
    )
