"""The files of one home: where they are, and the secrets made for it."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from orchestration.machine.private import make_private, write_private
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

    @property
    def in_use_lock_file(self) -> Path:
        """Shared by the commands that need the services; held alone by whichever process takes them down."""
        return self.path / "in_use.lock"

    def create(self) -> str:
        """Make the folders; returns what to tell the user, as `make_private` does."""
        note = make_private(self.path)
        for folder in (self.engine_data, self.bucket, self.logs, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)
        return note


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
