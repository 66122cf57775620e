"""What dbt makes of the project's files: the manifest that Dagster reads its assets from, and when it is stale.

Parsing speaks to no database and takes some seconds, so it happens when the manifest is missing, and on request when it
is stale, never as a matter of course at import.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from orchestration.dbt_process.var_ranges import check_var_ranges
from orchestration.machine.lifetimes import tied_to_us
from orchestration.machine.locks import take_lock
from orchestration.settings import PROJECT_ROOT, home_environment, warehouse_home, warehouse_target

MANIFEST = PROJECT_ROOT / "target" / "manifest.json"
DBT = Path(sys.executable).parent / "dbt"
_SOURCES = ("dbt_project.yml", "profiles/*.yml", "models/**/*", "macros/**/*", "seeds/**/*", "tests/dbt/**/*")
_UNUSED_BY_PARSE = ("CLICKHOUSE_HOST", "CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD")
PARSE_SECONDS = 300
PARSE_LOCK = "parse.lock"


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


def parse_stamp() -> str:
    """What a parse is made from: the project's files, and the installed dbt."""
    return "-".join([project_fingerprint(), *(version(package) for package in ("dbt-core", "dbt-clickhouse"))])


def is_manifest_stale(manifest: Path | None = None) -> bool:
    """Whether the manifest is missing or was made from other files, or by another dbt, than today's."""
    manifest = manifest or manifest_path()
    stamp = manifest.with_suffix(".fingerprint")
    return not manifest.exists() or not stamp.exists() or stamp.read_text() != parse_stamp()


def manifest_path() -> Path:
    """Where the manifest is, or goes: in the project, for all its homes; in the home when the checkout is read-only."""
    folder = MANIFEST.parent if MANIFEST.parent.exists() else PROJECT_ROOT
    if os.access(folder, os.W_OK) or not is_manifest_stale(MANIFEST):
        return MANIFEST
    return warehouse_home() / "parsed" / MANIFEST.name


def prepare_manifest() -> Path:
    """Parse the project in a process of its own unless the manifest is up to date, and return the manifest's path.

    Processes that find it stale at once parse one after the other, and all but the first find it done. Raises
    SettingsError when a var is outside its documented range.
    """
    check_var_ranges()
    manifest = manifest_path()
    if is_manifest_stale(manifest):
        with parsing_alone(manifest):
            if is_manifest_stale(manifest):
                write_manifest(manifest, _parse)
    return manifest


@contextmanager
def parsing_alone(manifest: Path) -> Iterator[None]:
    """The turn to parse; without one where another user's lock cannot be opened, which costs a second parse."""
    manifest.parent.mkdir(parents=True, exist_ok=True)
    lock = None
    with suppress(PermissionError):
        lock = take_lock(manifest.parent / PARSE_LOCK, PARSE_SECONDS)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def write_manifest(manifest: Path, parse: Callable[[Path], None]) -> None:
    """Have the project parsed into a folder. The new manifest replaces the old one in one rename, so that a process
    that reads it never sees half of it."""
    stamp = parse_stamp()
    with tempfile.TemporaryDirectory(dir=manifest.parent, prefix="parse-") as folder:
        parse(Path(folder))
        parsed = Path(folder) / manifest.name
        # Part of the project, not of the home: another user of this checkout reads it too.
        parsed.chmod(0o644)
        parsed.replace(manifest)
    manifest.with_suffix(".fingerprint").write_text(stamp)


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
            timeout=PARSE_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise _error(f"dbt is not installed at {DBT}. Run the command through 'uv run', after 'uv sync'.") from error
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise _error(f"The dbt project in {PROJECT_ROOT} does not parse. 'uv run dbt parse' shows why:\n{tail}")


def _error(message: str) -> Exception:
    from orchestration.loading.errors import WarehouseError  # imports the engine's client, which is seldom needed here

    return WarehouseError(message)
