"""The dbt project as Dagster sees it: its manifest, and a fingerprint of its code.

Dagster reads assets from `target/manifest.json`. Parsing speaks to no database and takes some seconds, so it happens
when the manifest is missing, and on request when it is stale, never as a matter of course at import.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from clickhouse_connect.driver.client import Client

from orchestration.loading import live_fingerprint
from orchestration.loading.errors import WarehouseError
from orchestration.machine.lifetimes import tied_to_us
from orchestration.settings import PROJECT_ROOT, home_environment, warehouse_home, warehouse_target

if TYPE_CHECKING:
    from dagster_dbt import DbtProject

MANIFEST = PROJECT_ROOT / "target" / "manifest.json"
DBT = Path(sys.executable).parent / "dbt"
_SOURCES = ("dbt_project.yml", "profiles/*.yml", "models/**/*", "macros/**/*", "seeds/**/*", "tests/dbt/**/*")
_UNUSED_BY_PARSE = ("CLICKHOUSE_HOST", "CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD", "CLICKHOUSE_CLUSTER")
_PARSE_SECONDS = 300


def project_files() -> list[Path]:
    """Every file that the meaning of the models depends on."""
    return sorted({file for pattern in _SOURCES for file in PROJECT_ROOT.glob(pattern) if file.is_file()})


def project_fingerprint() -> str:
    """Hash of the project's files: equal fingerprints build equal marts from equal lines."""
    digest = hashlib.sha256()
    for file in project_files():
        content = file.read_bytes()
        digest.update(f"{file.relative_to(PROJECT_ROOT).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def build_fingerprint(client: Client) -> str:
    """What a build is made from: the live lines, the models' code, what makes SQL of it, and the schemas it goes to."""
    around = [version("dbt-core"), version("dbt-clickhouse"), os.environ.get("WAREHOUSE_SCHEMA", "")]
    code = hashlib.sha256("\0".join([project_fingerprint(), *around]).encode()).hexdigest()[:16]
    return f"{live_fingerprint(client)}-{code}"


def is_manifest_stale() -> bool:
    """Whether the manifest is missing or was made from other files than today's."""
    stamp = MANIFEST.with_suffix(".fingerprint")
    return not MANIFEST.exists() or not stamp.exists() or stamp.read_text() != project_fingerprint()


def prepare_manifest() -> Path:
    """Parse the project unless the manifest is up to date, and return the manifest's path.

    The new manifest replaces the old one in one rename, so that a process that reads it never sees half of it.
    """
    if not is_manifest_stale():
        return MANIFEST
    fingerprint = project_fingerprint()
    MANIFEST.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=MANIFEST.parent, prefix="parse-") as folder:
        _parse(Path(folder))
        for name in ("manifest.json", "partial_parse.msgpack"):
            parsed = Path(folder) / name
            if parsed.exists():
                # Part of the project, not of the home: another user of this checkout reads it too.
                parsed.chmod(0o644)
                parsed.replace(MANIFEST.parent / name)
    MANIFEST.with_suffix(".fingerprint").write_text(fingerprint)
    return MANIFEST


def _parse(target: Path) -> None:
    """Run `dbt parse` into the folder. Connection settings are placeholders where missing: parsing connects nowhere."""
    environment = dict.fromkeys(_UNUSED_BY_PARSE, "unused") | {"CLICKHOUSE_PORT": "1"} | dict(os.environ)
    environment |= home_environment(warehouse_home()) | {"WAREHOUSE_TARGET": warehouse_target()} | tied_to_us()
    try:
        done = subprocess.run(
            [str(DBT), "--no-use-colors", "parse", "--target-path", str(target), "--log-path", str(target)],
            cwd=PROJECT_ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_PARSE_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise WarehouseError(
            f"dbt is not installed at {DBT}. Run the command through 'uv run', after 'uv sync'."
        ) from error
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise WarehouseError(f"The dbt project in {PROJECT_ROOT} does not parse. 'uv run dbt parse' shows why:\n{tail}")


@cache
def dbt_project() -> "DbtProject":
    """The project; with no manifest it is parsed once, so that a fresh clone opens in `dagster dev` as it is."""
    from dagster_dbt import DbtProject  # takes two seconds, which a command that only asks for the fingerprint saves

    if not MANIFEST.exists() or os.environ.get("DAGSTER_IS_DEV_CLI"):
        prepare_manifest()
    return DbtProject(project_dir=PROJECT_ROOT, profiles_dir=PROJECT_ROOT / "profiles", target_path=Path("target"))
