"""What Superset is given: a reader, logins, an environment without our secrets."""

import ast
import json
from pathlib import Path

import pytest

from orchestration.dashboards.process import (
    HERE,
    DashboardFiles,
    DashboardsError,
    make_logins,
    read_users,
    server_environment,
    users_file,
)
from orchestration.settings import Settings, reader_settings


def users(folder: Path, *lines: str) -> Path:
    path = folder / "users.csv"
    path.write_text("\n".join(["user,role,courses", *lines]) + "\n")
    return path


def test_the_projects_users_are_one_of_each_role():
    assert [row["role"] for row in read_users(users_file({}))] == ["designer", "manager", "analyst", "admin"]


def test_a_users_file_can_limit_a_designer_to_courses(tmp_path: Path):
    rows = read_users(users(tmp_path, "admin,admin,all", "kim,designer,course-1 course-2"))
    assert rows[1] == {"user": "kim", "role": "designer", "courses": "course-1 course-2"}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("kim,boss,all", "line 3: the role of kim is 'boss'"),
        ("kim,designer,", "line 3: kim has no courses"),
        (",designer,all", "line 3: a user has no name"),
        ("kim,analyst,course-1", "kim is analyst and limited to courses"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, fault: str):
    with pytest.raises(DashboardsError, match=fault):
        read_users(users(tmp_path, "admin,admin,all", line))


def test_a_users_file_needs_the_admin(tmp_path: Path):
    with pytest.raises(DashboardsError, match="admin,admin,all"):
        read_users(users(tmp_path, "kim,designer,all"))
    with pytest.raises(DashboardsError, match="cannot be read"):
        read_users(tmp_path / "nowhere.csv")


def test_logins_are_made_once_and_are_for_the_owner_only(tmp_path: Path):
    place = DashboardFiles(tmp_path)
    place.folder.mkdir()
    first = make_logins(place, [{"user": "kim"}])
    second = make_logins(place, [{"user": "kim"}, {"user": "lee"}])
    assert second["kim"] == first["kim"]
    assert set(json.loads(place.logins.read_text())) == {"kim", "lee"}
    assert place.logins.stat().st_mode & 0o077 == 0


def test_superset_is_told_of_the_reader_and_never_of_the_warehouses_own_user(settings: Settings, tmp_path: Path):
    place, reader = DashboardFiles(tmp_path), reader_settings(settings)
    place.folder.mkdir()
    told = server_environment(place, reader)
    assert told["WAREHOUSE_BI_CLICKHOUSE_USER"] == "bi_reader"
    assert settings.clickhouse.password not in told.values()
    assert told["WAREHOUSE_BI_SECRET"] == server_environment(place, reader)["WAREHOUSE_BI_SECRET"]


def imported(path: Path) -> set[str]:
    """The top-level modules that a file imports."""
    tree = ast.parse(path.read_text())
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def test_only_the_server_imports_superset():
    """It is not in our environment: what imports it cannot run there, and the server runs without our packages."""
    ours = [path for path in HERE.parent.rglob("*.py") if HERE / "server" not in path.parents]
    assert [path.name for path in ours if imported(path) & {"superset", "flask", "flask_migrate", "gunicorn"}] == []
    theirs = list((HERE / "server").glob("*.py"))
    assert any("superset" in imported(path) for path in theirs)
    assert [path.name for path in theirs if "orchestration" in imported(path)] == []
