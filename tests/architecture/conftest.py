"""dbt's manifest, parsed once per session into a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.project import ROOT, Project, read_manifest

# Parsing needs a profile that renders and speaks to nobody.
NOWHERE = {
    "WAREHOUSE_TARGET": "local",
    "CLICKHOUSE_HOST": "127.0.0.1",
    "CLICKHOUSE_PORT": "1",
    "CLICKHOUSE_USER": "default",
    "CLICKHOUSE_PASSWORD": "",
    "CLICKHOUSE_CLUSTER": "",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
}


@pytest.fixture(scope="session")
def manifest_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parse")
    parsed = subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "parse", "--no-partial-parse"),
            *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT / "profiles")),
            *("--target-path", str(folder), "--log-path", str(folder / "logs")),
        ],
        cwd=ROOT,
        env=os.environ | NOWHERE,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if parsed.returncode != 0:
        pytest.fail(f"dbt cannot parse the project:\n{parsed.stdout[-4000:]}{parsed.stderr[-2000:]}", pytrace=False)
    return folder / "manifest.json"


@pytest.fixture(scope="session")
def project(manifest_path: Path) -> Project:
    return read_manifest(manifest_path)
