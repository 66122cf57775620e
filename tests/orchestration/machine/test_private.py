"""A home is its owner's alone, and nothing else is taken for a home."""

import os
from pathlib import Path

import pytest

from orchestration.machine.private import HomeNotPrivate, make_private


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    """A home as former versions left it."""
    home = tmp_path / "home"
    for folder in (home, home / "clickhouse", home / "lake", home / "mine"):
        folder.mkdir()
        folder.chmod(0o755)
    for name in ("secrets.json", "services.json"):
        (home / name).touch()
        (home / name).chmod(0o644)
    return home


def test_a_new_home_is_private(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    assert make_private(home) == ""
    assert mode(home) == 0o700


def test_an_old_home_is_closed_and_the_user_told_once(old_home: Path) -> None:
    assert make_private(old_home) == f"Other users of this machine could read {old_home}; now only you can."
    assert {mode(old_home / name) for name in ("", "clickhouse", "lake")} == {0o700}
    assert {mode(old_home / name) for name in ("secrets.json", "services.json")} == {0o600}
    assert mode(old_home / "mine") == 0o755, "what the warehouse did not make is left alone"
    assert make_private(old_home) == ""


def test_what_was_opened_within_a_home_is_closed_and_named(old_home: Path) -> None:
    make_private(old_home)
    (old_home / "secrets.json").chmod(0o604)
    assert str(old_home / "secrets.json") in make_private(old_home)
    assert mode(old_home / "secrets.json") == 0o600


def test_a_folder_with_other_things_is_no_home(tmp_path: Path) -> None:
    """WAREHOUSE_HOME=/tmp, as root: closing it would lock every user of the machine out."""
    shared = tmp_path / "shared"
    (shared / "letters").mkdir(parents=True)
    shared.chmod(0o755)
    with pytest.raises(HomeNotPrivate, match=r"holds other things, such as 'letters'.*chmod 700"):
        make_private(shared)
    assert mode(shared) == 0o755
    shared.chmod(0o700)
    assert make_private(shared) == ""


def test_a_folder_made_for_the_home_is_closed(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o755)
    assert "now only you can" in make_private(tmp_path / "home")
    assert mode(tmp_path / "home") == 0o700


@pytest.mark.parametrize("error", [None, PermissionError, OSError])
def test_a_file_system_without_modes_is_used_with_a_warning(
    old_home: Path, monkeypatch: pytest.MonkeyPatch, error: type[OSError] | None
) -> None:
    def chmod(*_: object) -> None:
        if error:
            raise error

    monkeypatch.setattr(Path, "chmod", chmod)
    assert make_private(old_home).startswith(f"Warning: other users of this machine can read {old_home}")


def test_the_home_of_another_user_is_refused(old_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(old_home, 1234, 1234)
    owner = old_home.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(HomeNotPrivate, match=f"belongs to user {owner}, and you are user {owner + 1}"):
        make_private(old_home)


@pytest.mark.parametrize("place", ["file", "file/home", "file/a/home"])
def test_a_file_is_no_home(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeNotPrivate, match=r"a file|cannot be made: Not a directory"):
        make_private(tmp_path / place)


def test_a_home_that_cannot_be_made_is_said_to_be_so() -> None:
    """Neither may root make folders in /proc."""
    with pytest.raises(HomeNotPrivate, match=r"/proc/home cannot be made: .*Set WAREHOUSE_HOME"):
        make_private(Path("/proc/home"))


def test_a_home_that_cannot_be_written_is_said_to_be_so(old_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that is mounted read-only, or as another user; root may write to any folder."""
    make_private(old_home)
    read_only = old_home if os.geteuid() else Path("/proc/sys")
    if os.geteuid():
        old_home.chmod(0o500)
    else:
        monkeypatch.setattr("orchestration.machine.private._refuse_what_is_not_ours", lambda home: None)
    if os.access(read_only, os.W_OK):
        pytest.skip("this machine lets us write everywhere")
    with pytest.raises(HomeNotPrivate, match="cannot be written"):
        make_private(read_only)
