"""Putting files into the lake as drops: keys that never overwrite, in the layout that the load watches."""

import hashlib
import re
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from orchestration.loading.errors import WarehouseError
from orchestration.loading.lake.objects import DROP_ENDING, DROP_ENDINGS, RAW_TABLES, reason_to_ignore
from orchestration.resources.lake import S3Lake

DEFAULT_SOURCE = "default"
_CHUNK_BYTES = 1 << 20


def put_drop(
    lake: S3Lake,
    paths: Iterable[Path],
    source: str = DEFAULT_SOURCE,
    kind: str = "events",
    on_upload: Callable[[str], None] | None = None,
    today: date | None = None,
) -> list[str]:
    """Upload files, or all drops below folders, and return their keys.

    A folder that has the lake's own layout (`events/<source>/…`, `catalog/…`, `learners/…`) keeps it, so that its
    dates and sources arrive as they are; everything else becomes `<kind>/…/<name>-<hash of content><ending>`. A key
    that exists already gets a unique suffix: the same file put twice is delivered twice, and nothing is overwritten.
    """
    if kind not in RAW_TABLES:
        raise WarehouseError(f"The kind of a drop is '{kind}'; it must be one of {', '.join(RAW_TABLES)}.")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", source):
        raise WarehouseError(f"The source is '{source}'; it must be letters, digits, '.', '_' or '-' only.")
    files = [(file, root) for path in paths for file, root in _files_of(Path(path))]
    folder = f"{kind}/{source}/dt={today or datetime.now(UTC).date():%Y-%m-%d}" if kind == "events" else kind
    keys = []
    for file, root in files:
        key = _unused_key(lake, _key_of(file, root, folder))
        lake.upload(file, key)
        keys.append(key)
        if on_upload:
            on_upload(key)
    return keys


def _files_of(path: Path) -> list[tuple[Path, Path]]:
    """Each file to upload with the folder it was found from; a file named by the user is taken whatever its name."""
    if path.is_file():
        reason = reason_to_ignore(f"catalog/{path.name}")
        if reason:
            raise WarehouseError(
                f"{path} would not be loaded ({reason}). Rename it, for instance to {path.name}.ndjson."
            )
        return [(path, path.parent)]
    if not path.is_dir():
        raise WarehouseError(f"{path} does not exist. Name a file or a folder of drops.")
    files = sorted(file for file in path.rglob("*") if file.is_file() and not reason_to_ignore(f"catalog/{file.name}"))
    if _layout_root(path):
        files = [file for file in files if _keeps_layout(file, path)]
    if not files:
        raise WarehouseError(f"{path} holds no file that ends in {DROP_ENDINGS}.")
    return [(file, path) for file in files]


def _layout_root(path: Path) -> bool:
    """Whether the folder is a lake in small: it holds `events/`, `catalog/` or `learners/`."""
    return any((path / kind).is_dir() for kind in RAW_TABLES)


def _keeps_layout(file: Path, root: Path) -> bool:
    """Whether the file lies where the lake would have it; others, such as a truth file beside them, are no drops."""
    relative = file.relative_to(root).as_posix()
    return relative.partition("/")[0] in RAW_TABLES and not reason_to_ignore(relative)


def _key_of(file: Path, root: Path, folder: str) -> str:
    relative = file.relative_to(root).as_posix()
    if _layout_root(root) and relative.partition("/")[0] in RAW_TABLES:
        return relative
    stem, ending = re.fullmatch(rf"(.+?)({DROP_ENDING})", file.name).groups()
    safe_stem = re.sub(r"[^\w.=+-]", "_", stem)
    return f"{folder}/{safe_stem}-{_content_hash(file)}{ending}"


def _unused_key(lake: S3Lake, key: str) -> str:
    if lake.head_object(key) is None:
        return key
    folder, _, name = key.rpartition("/")
    stem, dot, ending = name.partition(".")
    return f"{folder}/{stem}-{uuid.uuid4().hex[:12]}{dot}{ending}"


def _content_hash(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()[:12]
