"""Putting files into the lake as drops: keys that never overwrite, in the layout that the load watches."""

import hashlib
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from orchestration.contract.files import UnreadableFile, begins_like_json, look_at
from orchestration.contract.forms import ENDINGS, is_working_file, name_of
from orchestration.drop_kinds import DROP_KINDS, has_statements
from orchestration.loading.errors import WarehouseError
from orchestration.loading.lake.objects import LakeObject, reason_to_ignore

DEFAULT_SOURCE = "default"
_CHUNK_BYTES = 1 << 20


class UploadTarget(Protocol):
    """The part of the lake that an upload needs; `orchestration.resources.lake` implements it."""

    def head_object(self, key: str) -> LakeObject | None:
        """The object as it is now; None when it is gone."""

    def upload(self, path: Path, key: str) -> None:
        """Write the file under the key."""


@dataclass(frozen=True)
class LeftOut:
    """A file that is not sent, and why."""

    path: Path
    reason: str


def put_drop(
    lake: UploadTarget,
    paths: Iterable[Path],
    source: str = DEFAULT_SOURCE,
    kind: str = "events",
    on_upload: Callable[[str], None] | None = None,
    today: date | None = None,
    on_left_out: Callable[[LeftOut], None] | None = None,
) -> list[str]:
    """Upload files, or all drops below folders, and return their keys; `on_left_out` hears of files that are not sent.

    A folder that has the lake's own layout (`events/<source>/…`, `catalog/…`, …) keeps it, so that its dates and
    sources arrive as they are; everything else becomes `<kind>/…/<name>-<hash of content><ending>`. A key that exists
    already gets a unique suffix: the same file put twice is delivered twice, and nothing is overwritten.

    Raises WarehouseError, before anything is sent, when a file that was named cannot be loaded, or a folder holds none
    that can.
    """
    if kind not in DROP_KINDS:
        raise WarehouseError(f"The kind of a drop is '{kind}'; it must be one of {', '.join(DROP_KINDS)}.")
    if not re.fullmatch(r"(?!\.)[A-Za-z0-9._-]+", source):
        raise WarehouseError(
            f"The source is '{source}'; it must be letters, digits, '.', '_' or '-' only, and not begin with a dot."
        )
    tell = on_left_out or (lambda left_out: None)
    files = _files_of([Path(path) for path in paths], tell)
    folder = f"{kind}/{source}/dt={today or datetime.now(UTC).date():%Y-%m-%d}" if has_statements(kind) else kind
    keys = []
    for file, root in files:
        key = _unused_key(lake, _key_of(file, root, folder))
        lake.upload(file, key)
        keys.append(key)
        if on_upload:
            on_upload(key)
    return keys


def _files_of(paths: list[Path], tell: Callable[[LeftOut], None]) -> list[tuple[Path, Path]]:
    """Each file to upload with the folder it was found from. Raises WarehouseError when that would not be all."""
    named = [path for path in paths if path.is_file()]
    refused = [LeftOut(path, reason) for path in named if (reason := _reason_to_leave_out(path))]
    if refused:
        raise _nothing_sent(refused, "Nothing was sent.", tell)
    files = [(path, path.parent) for path in named]
    for folder in (path for path in paths if not path.is_file()):
        if not folder.is_dir():
            raise WarehouseError(f"{folder} does not exist. Name a file or a folder of drops.")
        good, others = _sorted_folder(folder)
        if not good:
            raise _nothing_sent(others, f"{folder} holds no file that ends in {ENDINGS} and can be read.", tell)
        files += [(file, folder) for file in good]
        for left_out in others:
            tell(left_out)
    return files


def _nothing_sent(files: list[LeftOut], what: str, tell: Callable[[LeftOut], None]) -> WarehouseError:
    """The error for files that cannot be loaded; it has one of them, and each is told where there are several."""
    if not files:
        return WarehouseError(what)
    if len(files) > 1:
        for left_out in files:
            tell(left_out)
    others = f", nor can {len(files) - 1:,} more" if len(files) > 1 else ""
    return WarehouseError(f"{what} {files[0].path} cannot be loaded{others}: {files[0].reason}")


def _sorted_folder(root: Path) -> tuple[list[Path], list[LeftOut]]:
    """The folder's files that can be loaded, and the others; a folder of another tool is one of these, unopened."""
    good, others = [], []
    has_layout = _has_layout(root)
    for folder, subfolders, names in root.walk():
        hidden = {name for name in subfolders if is_working_file(name)}
        others += [LeftOut(folder / name, "folder of another tool, not opened") for name in sorted(hidden)]
        subfolders[:] = sorted(set(subfolders) - hidden)
        for file in (folder / name for name in sorted(names)):
            place = file.relative_to(root).as_posix() if has_layout else f"catalog/{file.name}"
            reason = _reason_of_place(place) or _reason_of_name(file) or _reason_of_kind(file, root)
            reason = reason or _reason_to_leave_out(file) or _reason_to_doubt(file)
            if reason:
                others.append(LeftOut(file, reason))
            else:
                good.append(file)
    return good, others


def _reason_of_place(place: str) -> str:
    """Why no file is read at this place of the lake's layout."""
    if place.partition("/")[0] not in DROP_KINDS:
        return f"It lies beside the folders of a lake ({', '.join(DROP_KINDS)}), which are sent."
    reason = reason_to_ignore(place)
    return f"It would be ignored: {reason}." if reason.startswith("no source folder") else ""


def _reason_of_name(file: Path) -> str:
    return "working file of another tool" if is_working_file(file.name) else ""


def _reason_of_kind(file: Path, root: Path) -> str:
    """A folder may come from others: a link in it must not send a file of this machine that is not part of it."""
    if file.is_symlink() and not file.resolve().is_relative_to(root.resolve()):
        return "It is a link to a place outside the folder: name that file itself to send it."
    return "" if file.is_file() else "It is no file."


def _reason_to_leave_out(file: Path) -> str:
    """What `warehouse check` says of a file that cannot be read at all; empty for one that can."""
    try:
        look_at(file)
    except UnreadableFile as error:
        return str(error)
    return ""


def _reason_to_doubt(file: Path) -> str:
    """In a folder, a file whose name has no ending counts when it begins like JSON: it could be anything."""
    if name_of(file.name).ending or begins_like_json(file):
        return ""
    return "Its name has no ending, and it does not begin like JSON. If it holds statements, name it .ndjson."


def _has_layout(path: Path) -> bool:
    """Whether the folder is a lake in small: it has the folder of a kind of drop."""
    return any((path / kind).is_dir() for kind in DROP_KINDS)


def _key_of(file: Path, root: Path, folder: str) -> str:
    relative = file.relative_to(root).as_posix()
    if _has_layout(root) and relative.partition("/")[0] in DROP_KINDS:
        return relative
    name = name_of(file.name)
    safe_stem = re.sub(r"[^\w.=+-]", "_", name.stem)
    return f"{folder}/{safe_stem}-{_content_hash(file)}{name.ending or '.ndjson'}"


def _unused_key(lake: UploadTarget, key: str) -> str:
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
