"""dbt's manifest, the one that the commands read: parsed from nothing when a file of the project has changed."""

import pytest

from orchestration.assets.dbt_project import prepare_manifest
from tests.architecture.project import Project, read_manifest


@pytest.fixture(scope="session")
def project() -> Project:
    return read_manifest(prepare_manifest())
