"""A plugin of dbt: every process that uses this checkout shares what was parsed of the project.

dbt keeps its partial parse in the target folder, of which each home and each run has its own, and rejects one that was
made for another host, port or user. A fresh home would parse the whole project, for 15 CPU seconds. Here the partial
parse lies in the project, one file for each set of values that shape it. The address of the engine does not shape it
(tests/architecture: no model or macro reads it). dbt itself finds the files that have changed, as always.

dbt loads top-level modules whose names begin with `dbt_` and asks them for `plugins`.
"""

import json
import os
import pprint
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from dbt.artifacts.schemas import base as artifacts
from dbt.contracts.files import FileHash
from dbt.contracts.graph.manifest import Manifest
from dbt.flags import get_flags
from dbt.parser import manifest as dbt_manifest
from dbt.parser.manifest import ManifestLoader
from dbt.plugins.manager import dbtPlugin
from dbt.version import __version__
from dbt_common.exceptions import DbtRuntimeError
from dbt_common.utils.encoding import JSONEncoder

from orchestration.dbt_process.var_ranges import check_var_ranges
from orchestration.settings import SettingsError, warehouse_home

WHERE_THE_ENGINE_IS = frozenset({"host", "port", "user"})
KEPT_FILES = 8
"""Other vars, schemas and targets have files of their own; the ones used last are kept."""

_state_check = ManifestLoader.build_manifest_state_check
_read = ManifestLoader.read_manifest_for_partial_parse


def state_check(loader: ManifestLoader) -> Any:
    """dbt's own, without the address of the engine, and with the target's name also where the profile chooses it.

    Each run of dbt passes here. Raises DbtRuntimeError when a var of the project is outside its documented range.
    """
    check = _state_check(loader)
    config = loader.root_project
    try:
        check_var_ranges(Path(config.project_root) / "dbt_project.yml")
    except SettingsError as error:
        raise DbtRuntimeError(str(error)) from error
    shaping = [item for item in config.credentials.connection_info() if item[0] not in WHERE_THE_ENGINE_IS]
    check.profile_hash = FileHash.from_contents(pprint.pformat(sorted([*shaping, ("target", config.target_name)])))
    return check


def read(loader: ManifestLoader) -> Manifest | None:
    """What the newest file for these values holds; None where dbt cannot use it."""
    flags = get_flags()
    files = [file for file in cached_files(loader) if file.exists()]
    if files and not flags.PARTIAL_PARSE_FILE_PATH:
        newest = max(files, key=lambda file: file.stat().st_mtime)
        object.__setattr__(flags, "PARTIAL_PARSE_FILE_PATH", str(newest))
    return _read(loader)


def write(loader: ManifestLoader) -> None:
    """Replace the file in one rename: another dbt may be reading it. A checkout that is read-only leaves it at home."""
    content = loader.manifest.to_msgpack(dbt_manifest.extended_mashumaro_encoder)
    for file in cached_files(loader):
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            _replace(file, content)
            return


def cached_files(loader: ManifestLoader) -> list[Path]:
    """Where the parse for these values may lie: in the project, and in the home."""
    check = loader.manifest.state_check
    hashes = (check.vars_hash, check.profile_hash, check.project_env_vars_hash)
    key = sha256("\0".join([__version__, *(file_hash.checksum for file_hash in hashes)]).encode()).hexdigest()[:16]
    project = Path(loader.root_project.project_root)
    inside = project / "target" / "parsed" / f"{key}.msgpack"
    name = sha256(str(project).encode()).hexdigest()[:8]
    return [inside, warehouse_home() / "parsed" / f"{name}-{key}.msgpack"]


def _replace(file: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as written:
        try:
            written.write(content)
            written.flush()
            # Part of the project, not of the home: another user of this checkout reads it too.
            os.fchmod(written.fileno(), 0o644)
            Path(written.name).replace(file)
        except BaseException:
            Path(written.name).unlink()
            raise
    ours = sorted(file.parent.glob("*.msgpack"), key=lambda cached: cached.stat().st_mtime, reverse=True)
    for old in ours[KEPT_FILES:]:
        old.unlink(missing_ok=True)


def write_json(path: str, content: dict[str, Any]) -> bool:
    """As dbt's own, which encodes the two manifests of a run piece by piece: a second of CPU for each build."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, cls=JSONEncoder), encoding="utf-8")
    return True


class ParseCache(dbtPlugin):
    """Puts the shared parse in the place of dbt's own."""

    def initialize(self) -> None:
        ManifestLoader.build_manifest_state_check = state_check
        ManifestLoader.read_manifest_for_partial_parse = read
        ManifestLoader.write_manifest_for_partial_parse = write
        artifacts.write_json = write_json


plugins = [ParseCache]
