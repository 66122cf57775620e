"""The files that a team is given, as data."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.settings import PROJECT_ROOT

DEPLOYMENT = PROJECT_ROOT / "orchestration" / "deployment"


def statements(path: Path) -> list[str]:
    """The statements of a SQL file, without comments."""
    text = re.sub(r"^\s*--.*$", "", path.read_text(), flags=re.MULTILINE)
    return [part.strip() for part in text.split(";") if part.strip()]


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOYMENT / "compose.yaml").read_text())


@pytest.fixture(scope="session")
def helm() -> dict[str, Any]:
    return yaml.safe_load((DEPLOYMENT / "helm-values.yaml").read_text())


@pytest.fixture(scope="session")
def dagster_yaml() -> dict[str, Any]:
    return yaml.safe_load((DEPLOYMENT / "dagster.yaml").read_text())
