"""The files of one home: where they are, who holds the home, and the secrets made for it."""

import fcntl
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import LOCAL_BUCKET, SERVICES_FILE


@dataclass(frozen=True)
class Home:
    """Paths of one home."""

    path: Path

    @property
    def engine_data(self) -> Path:
        return self.path / "clickhouse"

    @property
    def lake_data(self) -> Path:
        return self.path / "lake"

    @property
    def bucket(self) -> Path:
        return self.lake_data / LOCAL_BUCKET

    @property
    def lake_hashes(self) -> Path:
        return self.path / "lake_hashes"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def temporary(self) -> Path:
        return self.path / "tmp" / "services"

    @property
    def services_file(self) -> Path:
        return self.path / SERVICES_FILE

    @property
    def ports_file(self) -> Path:
        return self.path / "ports.json"

    @property
    def secrets_file(self) -> Path:
        return self.path / "secrets.json"

    @property
    def lock_file(self) -> Path:
        return self.path / "services.lock"

    @property
    def lake_lock_file(self) -> Path:
        return self.path / "lake.lock"

    def create(self) -> None:
        for folder in (self.path, self.engine_data, self.bucket, self.logs, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class Secrets:
    """Passwords and keys of one home, made at its first start."""

    admin_password: str
    reader_password: str
    lake_access_key_id: str
    lake_secret_access_key: str
    learner_id_key: str


def load_or_create_secrets(home: Home) -> Secrets:
    """The home's secrets; the learner id key must never change, or every learner gets a new id."""
    if home.secrets_file.exists():
        try:
            return Secrets(**json.loads(home.secrets_file.read_text()))
        except (json.JSONDecodeError, TypeError) as error:
            raise ValueError(
                f"{home.secrets_file} cannot be read ({error}). Restore it from a backup: it holds the key behind the "
                "learner ids. To start afresh, delete the whole home."
            ) from None
    made = Secrets(
        admin_password=secrets.token_urlsafe(24),
        reader_password=secrets.token_urlsafe(24),
        lake_access_key_id=secrets.token_hex(10).upper(),
        lake_secret_access_key=secrets.token_hex(20),
        learner_id_key=secrets.token_hex(32),
    )
    write_private(home.secrets_file, vars(made))
    return made


def write_private(path: Path, content: dict) -> None:
    """Writes JSON that only the owner can read; readers see the old file or the new one, never half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_services(home: Home) -> dict | None:
    """What `services.json` says, whether or not it is still true."""
    try:
        return json.loads(home.services_file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def read_ports(home: Home) -> dict[str, int]:
    """The ports of the last start, by service; links and BI connections stay good when they are used again."""
    try:
        return {service: int(port) for service, port in json.loads(home.ports_file.read_text()).items()}
    except (FileNotFoundError, ValueError, AttributeError):
        return {}


def take_lock(path: Path, wait_seconds: float = 0.0) -> int | None:
    """An exclusive lock that lasts as long as the descriptor; None when another process has it.

    The lock, unlike a pid in a file, cannot outlive the process that holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except OSError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(0.02)


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock."""
    if not path.exists():
        return False
    descriptor = take_lock(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False
