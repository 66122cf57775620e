"""Every file of the home: which of them have the person, and what is done about it.

Logs lose the lines that name the person; in SQLite databases the texts are blanked; what can be made again (pages,
artefacts of dbt, temporary files) is removed. What is none of these is for a person to look at.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.erasure.blocks import readings

ENGINE, LAKE, NOTES = "clickhouse", "lake", "erasure"
MADE_AGAIN = ("data_docs", "dbt", "tmp", "parsed", "briefs", "simulated", "lake_hashes")
"""Folders of the home whose files a build, the next brief or the next start writes again."""
BLANK = "(erased)"
_SQLITE = b"SQLite format 3\x00"


@dataclass
class Cleaning:
    """What happened to the files that had the person; paths are within the home."""

    removed: list[str] = field(default_factory=list)
    cleaned: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """A person must look at these."""


def files_with(
    home: Path, pattern: bytes, leave_out: tuple[str, ...] = (), on_file: Callable[[int], None] = lambda count: None
) -> Iterator[Path]:
    """The files below the home that have the person, packed or not; a file that vanishes meanwhile is left out."""
    wanted = re.compile(pattern)
    for count, path in enumerate(_files(home, leave_out), start=1):
        on_file(count)
        try:
            if any(wanted.search(piece) for piece in readings(path)):
                yield path
        except FileNotFoundError:
            continue


def _files(home: Path, leave_out: tuple[str, ...]) -> Iterator[Path]:
    for folder, folders, names in os.walk(home):
        if Path(folder) == home:
            folders[:] = sorted(name for name in folders if name not in leave_out)
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path


def clean(home: Path, pattern: bytes, on_file: Callable[[int], None] = lambda count: None) -> Cleaning:
    """Take the person out of every file but the engine's and the lake's, which have steps of their own."""
    result = Cleaning()
    for path in files_with(home, pattern, (ENGINE, LAKE, NOTES), on_file):
        name = str(path.relative_to(home))
        if _is_sqlite(path) or _is_journal(path):
            (result.cleaned if _clean_sqlite(_database_of(path), pattern) else result.left).append(name)
        elif path.relative_to(home).parts[0] in MADE_AGAIN:
            path.unlink(missing_ok=True)
            result.removed.append(name)
        elif path.relative_to(home).parts[0] in ("logs", "dagster"):
            _clean_text(path, re.compile(pattern))
            result.cleaned.append(name)
        else:
            result.left.append(name)
    return result


def _clean_text(path: Path, wanted: re.Pattern[bytes]) -> None:
    """The file without the lines; in place, because a process may be writing to it."""
    with path.open("r+b") as file:
        kept = b"".join(line for line in file if not wanted.search(line))
        file.seek(0)
        file.write(kept)
        file.truncate()


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _is_journal(path: Path) -> bool:
    return path.name.endswith(("-wal", "-journal")) and _database_of(path).exists()


def _database_of(path: Path) -> Path:
    return path.with_name(path.name.removesuffix("-wal").removesuffix("-journal"))


def _clean_sqlite(path: Path, pattern: bytes) -> bool:
    """Blank what names the person in every table; whether it worked (another process may be writing)."""
    wanted = re.compile(pattern)
    text_wanted = re.compile(pattern.decode())

    def blanked(value):
        if isinstance(value, str):
            return text_wanted.sub(BLANK, value)
        return b"" if isinstance(value, bytes) and wanted.search(value) else value

    try:
        with closing(sqlite3.connect(path, timeout=30)) as database:
            database.create_function("blanked", 1, blanked, deterministic=True)
            database.execute("pragma secure_delete = on")
            for table, columns in _columns(database):
                for column in columns:
                    database.execute(
                        f'update "{table}" set "{column}" = blanked("{column}") '
                        f'where blanked("{column}") is not "{column}"'
                    )
            database.commit()
            database.execute("vacuum")
            database.execute("pragma wal_checkpoint(truncate)")
    except sqlite3.Error:
        return False
    return True


def _columns(database: sqlite3.Connection) -> list[tuple[str, list[str]]]:
    names = [row[0] for row in database.execute("select name from sqlite_master where type = 'table'")]
    return [
        (name, [row[1] for row in database.execute(f'pragma table_info("{name}")')])
        for name in names
        if not name.startswith("sqlite_")
    ]
