"""Superset as a process of one home: its environment, its secrets and logins, its start."""

import csv
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.machine.lifetimes import tied_to_us
from orchestration.machine.private import write_private
from orchestration.settings import Settings

HERE = Path(__file__).resolve().parent
ASSETS = HERE / "assets"
ROLES = ("designer", "manager", "analyst", "admin")
HOST = "127.0.0.1"
INSTALL_SECONDS = 1800


class DashboardsError(Exception):
    """The dashboards cannot be installed or started; the message says why and what to do."""


@dataclass(frozen=True)
class DashboardFiles:
    """The files of the dashboards in a home."""

    home: Path

    @property
    def folder(self) -> Path:
        return self.home / "bi"

    @property
    def environment(self) -> Path:
        """Where Superset is installed. Homes can share one: `WAREHOUSE_BI_ENVIRONMENT` names it."""
        configured = os.environ.get("WAREHOUSE_BI_ENVIRONMENT")
        return Path(configured).expanduser().resolve() if configured else self.folder / "environment"

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    @property
    def lock_file(self) -> Path:
        return self.folder / "bi.lock"

    @property
    def record(self) -> Path:
        """Address and pid of what runs."""
        return self.folder / "running.json"

    @property
    def logins(self) -> Path:
        return self.folder / "logins.json"

    @property
    def secret(self) -> Path:
        return self.folder / "secret.json"

    @property
    def imported(self) -> Path:
        """When Superset's records were last changed at the last import, by uuid."""
        return self.folder / "imported.json"

    @property
    def log(self) -> Path:
        return self.home / "logs" / "dashboards.log"


def users_file(env: Mapping[str, str] = os.environ) -> Path:
    """The CSV of users: the one named by WAREHOUSE_BI_USERS, else the project's."""
    return Path(env.get("WAREHOUSE_BI_USERS") or HERE / "users.csv").expanduser().resolve()


def read_users(path: Path) -> list[dict[str, str]]:
    """The rows of the users' file. Raises DashboardsError with the line that is wrong."""
    try:
        rows = list(csv.DictReader(path.read_text().splitlines()))
    except OSError as error:
        raise DashboardsError(f"The users of the dashboards cannot be read from {path}: {error.strerror}.") from None
    for number, row in enumerate(rows, start=2):
        if fault := _fault_of(row):
            raise DashboardsError(
                f"{path}, line {number}: {fault}. Expected: user,role,courses, with a role of {', '.join(ROLES)}, and "
                "as courses 'all' or the ids of courses with blanks between them."
            )
    if not any(row["user"] == "admin" and row["role"] == "admin" for row in rows):
        raise DashboardsError(
            f"{path} has no line 'admin,admin,all'. The dashboards belong to that user; add the line."
        )
    return rows


def _fault_of(row: Mapping[str, str | None]) -> str:
    if not (row.get("user") or "").strip():
        return "a user has no name"
    if row.get("role") not in ROLES:
        return f"the role of {row['user']} is '{row.get('role') or ''}'"
    if not (row.get("courses") or "").split():
        return f"{row['user']} has no courses"
    if row["role"] in ("analyst", "admin") and row["courses"].split() != ["all"]:
        # SQL Lab asks what it likes: a limit on dashboards alone would be none.
        return f"{row['user']} is {row['role']} and limited to courses, which cannot be kept in SQL"
    return ""


def install(place: DashboardFiles) -> bool:
    """Install Superset as the lock file says; False when it is there. Raises DashboardsError."""
    lock = HERE / "uv.lock"
    marker = place.environment / "warehouse.lock"
    if place.python.exists() and marker.exists() and marker.read_bytes() == lock.read_bytes():
        return False
    place.environment.parent.mkdir(parents=True, exist_ok=True)
    command = [_uv(), "sync", "--frozen", "--no-dev", "--project", str(HERE), "--python", sys.executable, "--quiet"]
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    environment["UV_PROJECT_ENVIRONMENT"] = str(place.environment)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    if done.returncode:
        raise DashboardsError(
            f"The environment of the dashboards cannot be installed into {place.environment}: "
            f"{done.stderr.strip()[-600:]}. Check the network and the disk (about 700 MB), then try again."
        )
    shutil.copyfile(lock, marker)
    return True


def _uv() -> str:
    program = os.environ.get("UV") or shutil.which("uv")
    if not program:
        raise DashboardsError("uv is not found, and it installs the dashboards. Run 'pip install uv', then try again.")
    return program


def make_logins(place: DashboardFiles, users: list[dict[str, str]]) -> dict[str, str]:
    """A password for each user, made at the first start and kept where only the owner can read it."""
    known = json.loads(place.logins.read_text()) if place.logins.exists() else {}
    logins = {row["user"]: known.get(row["user"]) or secrets.token_urlsafe(12) for row in users}
    write_private(place.logins, known | logins)
    return logins


def server_environment(place: DashboardFiles, reader: Settings) -> dict[str, str]:
    """What Superset is told: where it lives, and how it reaches the warehouse as a reader of marts."""
    engine = reader.clickhouse
    return _records_environment(place) | {
        "WAREHOUSE_BI_CLICKHOUSE_HOST": engine.host,
        "WAREHOUSE_BI_CLICKHOUSE_PORT": str(engine.port),
        "WAREHOUSE_BI_CLICKHOUSE_SECURE": str(engine.secure).lower(),
        "WAREHOUSE_BI_CLICKHOUSE_USER": engine.user,
        "WAREHOUSE_BI_CLICKHOUSE_PASSWORD": engine.password,
    }


def _records_environment(place: DashboardFiles) -> dict[str, str]:
    """What Superset needs to open its own records."""
    if not place.secret.exists():
        write_private(place.secret, {"secret_key": secrets.token_urlsafe(42)})
    return {
        "SUPERSET_CONFIG_PATH": str(HERE / "server" / "superset_config.py"),
        "SUPERSET_HOME": str(place.folder),
        "WAREHOUSE_BI_HOME": str(place.folder),
        "WAREHOUSE_BI_SECRET": json.loads(place.secret.read_text())["secret_key"],
    }


def start_server(place: DashboardFiles, environment: dict[str, str], port: int) -> subprocess.Popen:
    """Superset as a process group of its own, which ends with this process, however it ends."""
    arguments = ["--assets", ASSETS, "--users", users_file(), "--logins", place.logins, "--host", HOST, "--port", port]
    place.log.parent.mkdir(parents=True, exist_ok=True)
    with place.log.open("wb") as log:
        return subprocess.Popen(
            [str(place.python), str(HERE / "server" / "up.py"), *map(str, arguments)],
            cwd=place.folder,
            env=_clean_environment() | environment | tied_to_us(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def run_assistant(place: DashboardFiles, environment: dict[str, str], user: str) -> int:
    """Superset's MCP service on our standard input and output, as this user, until the input closes; its exit code."""
    return subprocess.run(
        [str(place.python), str(HERE / "server" / "assistant.py")],
        cwd=place.folder,
        env=_clean_environment()
        | environment
        | {"WAREHOUSE_BI_ASSISTANT": user, "FASTMCP_CHECK_FOR_UPDATES": "off", "FASTMCP_LOG_LEVEL": "ERROR"},
        check=False,
    ).returncode


def run_export(place: DashboardFiles) -> dict[str, str]:
    """Everything that Superset holds, as its own export writes it. Raises DashboardsError."""
    out = place.folder / "export.json"
    done = subprocess.run(
        [str(place.python), str(HERE / "server" / "export.py"), str(out)],
        cwd=place.folder,
        env=_clean_environment() | _records_environment(place),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise DashboardsError(f"Superset cannot export its dashboards: {' '.join(done.stderr.split())[-600:]}")
    try:
        return json.loads(out.read_text())
    finally:
        out.unlink()


def _clean_environment() -> dict[str, str]:
    """Ours without what would lead Superset's Python into our packages, or give it our secrets."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "CLICKHOUSE_PASSWORD", "AWS_SECRET_ACCESS_KEY", "LEARNER_ID_KEY")
    return {name: value for name, value in os.environ.items() if name not in hidden}


def stages_of(log: Path, shown: Callable[[str], None]) -> Iterator[None]:
    """Reads the log as it grows and hands on each stage; a step for each look."""
    position = 0
    while True:
        with log.open(errors="replace") as file:
            file.seek(position)
            for line in file:
                if line.startswith("stage: ") and line.endswith("\n"):
                    shown(line.removeprefix("stage: ").strip())
            position = file.tell()
        yield
