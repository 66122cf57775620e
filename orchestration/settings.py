"""Every setting of the warehouse, read in this one place.

A value comes from the environment (a secret also from a file or a command, see secret_values.py), or, on the target
`local`, from the files that the embedded services write into `WAREHOUSE_HOME`. No target borrows a value from another:
what is missing is an error that names the variable.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestration.secret_values import SettingsError, with_secrets

PROJECT_ROOT = Path(__file__).resolve().parent.parent
TARGETS = ("local", "server", "cluster")
LOCAL_BUCKET = "lake"
SERVICES_FILE = "services.json"
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
# Nothing listens there: `dbt parse` does not mind, and a build fails with "connection refused".
NOWHERE = {
    "CLICKHOUSE_HOST": "127.0.0.1",
    "CLICKHOUSE_PORT": "1",
    "CLICKHOUSE_USER": "default",
    "CLICKHOUSE_PASSWORD": "",
}


@dataclass(frozen=True)
class ClickHouse:
    """Where the engine's HTTP interface answers, and as whom we speak to it."""

    host: str
    port: int
    user: str
    password: str
    secure: bool = False

    @property
    def url(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"


@dataclass(frozen=True)
class LakeSettings:
    """The bucket of drops. An empty `endpoint_url` means AWS itself; empty keys mean the machine's own role."""

    bucket: str
    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str
    session_token: str = ""
    queue_url: str = ""
    """SQS queue that receives the bucket's notifications; empty: none."""

    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        return self.secret_access_key, self.session_token, self.access_key_id


@dataclass(frozen=True)
class AskEndpoint:
    """A language model behind an OpenAI-compatible endpoint, for questions in words."""

    url: str
    model: str
    api_key: str = ""


@dataclass(frozen=True)
class Settings:
    """All settings of one process, resolved once."""

    target: str
    home: Path
    clickhouse: ClickHouse
    lake: LakeSettings
    learner_id_key: str
    data_docs_url: str
    """Where the gate's pages go: a folder, or s3://bucket/prefix."""

    def as_environment(self) -> dict[str, str]:
        """The same settings as environment variables, for dbt, Dagster and other child processes."""
        return home_environment(self.home) | {
            "WAREHOUSE_TARGET": self.target,
            "CLICKHOUSE_HOST": self.clickhouse.host,
            "CLICKHOUSE_PORT": str(self.clickhouse.port),
            "CLICKHOUSE_USER": self.clickhouse.user,
            "CLICKHOUSE_PASSWORD": self.clickhouse.password,
            "CLICKHOUSE_SECURE": str(self.clickhouse.secure).lower(),
            "DATA_DOCS_URL": self.data_docs_url,
        }


def home_environment(home: Path) -> dict[str, str]:
    """What dbt and Dagster need to find their files; independent of any connection."""
    return {
        "WAREHOUSE_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        "DBT_PROFILES_DIR": str(PROJECT_ROOT / "profiles"),
        "DBT_PROJECT_DIR": str(PROJECT_ROOT),
        "DBT_TARGET_PATH": str(home / "dbt" / "target"),
        "DBT_LOG_PATH": str(home / "logs" / "dbt"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        # Empty is off. Without bytecode each child process would compile dbt, Dagster and Great Expectations again.
        "PYTHONDONTWRITEBYTECODE": "",
    }


def warehouse_target(env: Mapping[str, str] = os.environ) -> str:
    """`WAREHOUSE_TARGET`, checked against the targets that exist."""
    target = env.get("WAREHOUSE_TARGET") or "local"
    if target not in TARGETS:
        raise SettingsError(
            f"WAREHOUSE_TARGET is '{target}'; it must be one of {', '.join(TARGETS)}. "
            "Set it in the environment, or leave it out for 'local'."
        )
    return target


def warehouse_home(env: Mapping[str, str] = os.environ) -> Path:
    """`WAREHOUSE_HOME` as an absolute path; `.warehouse` beside the project when it is not set."""
    configured = env.get("WAREHOUSE_HOME")
    return Path(configured).expanduser().resolve() if configured else PROJECT_ROOT / ".warehouse"


def ui_hosts(env: Mapping[str, str] = os.environ) -> list[str]:
    """`WAREHOUSE_UI_HOSTS`: the names, beside this machine's, under which a proxy serves Dagster's UI.

    Raises SettingsError for what is no host name: a port or a scheme would never match.
    """
    names = [name.strip().lower() for name in env.get("WAREHOUSE_UI_HOSTS", "").split(",") if name.strip()]
    for name in names:
        if not HOST_NAME.fullmatch(name):
            raise SettingsError(
                f"WAREHOUSE_UI_HOSTS holds '{name}'; expected host names without scheme and port, separated by commas, "
                "for instance warehouse.example.org."
            )
    return names


def alert_urls(env: Mapping[str, str] = os.environ) -> list[str]:
    """`ALERT_URLS`: where alerts go, as Apprise writes addresses; separated by blanks, since one may hold commas."""
    return with_secrets(env).get("ALERT_URLS", "").split()


def load_settings(env: Mapping[str, str] = os.environ) -> Settings:
    """Settings for the chosen target.

    Raises SettingsError when a variable the target needs is missing, or, on `local`, when no services are recorded
    in the home.
    """
    env = with_secrets(env)
    target, home = warehouse_target(env), warehouse_home(env)
    if target == "local":
        return _local_settings(home, env)
    return _remote_settings(target, home, env)


def reader_settings(settings: Settings, env: Mapping[str, str] = os.environ) -> Settings:
    """The same settings as a user who may read the database `marts` and nothing else.

    On `local` that is `bi_reader`, whom the services know. Raises SettingsError where no reader is named.
    """
    if settings.target == "local":
        recorded = json.loads((settings.home / SERVICES_FILE).read_text())["bi_reader"]
        user, password = recorded["user"], recorded["password"]
    else:
        env = with_secrets(env)
        user, password = env.get("CLICKHOUSE_READER_USER", ""), env.get("CLICKHOUSE_READER_PASSWORD", "")
    if not (user and password):
        raise SettingsError(
            "CLICKHOUSE_READER_USER and CLICKHOUSE_READER_PASSWORD are not set. Answers and dashboards read as a user "
            "who may only read the database marts: create one in ClickHouse with a role of "
            "orchestration/deployment/access/roles.sql, and export both."
        )
    return replace(settings, clickhouse=replace(settings.clickhouse, user=user, password=password))


def ask_endpoint(env: Mapping[str, str] = os.environ) -> AskEndpoint | None:
    """The model for questions in words; None when ASK_ENDPOINT_URL is not set. Raises SettingsError for half of it."""
    url, model = env.get("ASK_ENDPOINT_URL", ""), env.get("ASK_MODEL", "")
    if not url:
        return None
    if not url.startswith(("https://", "http://")):
        raise SettingsError(
            f"ASK_ENDPOINT_URL is '{url}'; expected the address before /chat/completions, for instance "
            "http://127.0.0.1:11434/v1, or nothing for questions without a model."
        )
    if not model:
        raise SettingsError("ASK_MODEL is not set, and ASK_ENDPOINT_URL is. Export the name of the model to ask.")
    return AskEndpoint(url, model, with_secrets(env).get("ASK_API_KEY", ""))


def _local_settings(home: Path, env: Mapping[str, str]) -> Settings:
    try:
        recorded = json.loads((home / SERVICES_FILE).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        raise SettingsError(
            f"No local services are recorded in {home}. Start them with 'uv run warehouse up', "
            "or set WAREHOUSE_TARGET=server to use a ClickHouse server of your own."
        ) from None
    engine, lake = recorded["clickhouse"], recorded["lake"]
    return Settings(
        target="local",
        home=home,
        clickhouse=ClickHouse(engine["host"], int(engine["port"]), engine["user"], engine["password"]),
        lake=LakeSettings(
            bucket=LOCAL_BUCKET,
            endpoint_url=lake["endpoint_url"],
            region="us-east-1",
            access_key_id=lake["access_key_id"],
            secret_access_key=lake["secret_access_key"],
        ),
        learner_id_key=env.get("LEARNER_ID_KEY") or recorded["learner_id_key"],
        data_docs_url=_data_docs_url(env, home),
    )


def _remote_settings(target: str, home: Path, env: Mapping[str, str]) -> Settings:
    def required(name: str) -> str:
        value = env.get(name)
        if not value:
            raise SettingsError(
                f"{name} is not set, and WAREHOUSE_TARGET={target} needs it. "
                f"Export {name}, or use WAREHOUSE_TARGET=local for the embedded services."
            )
        return value

    port = required("CLICKHOUSE_PORT")
    if not port.isdigit():
        raise SettingsError(f"CLICKHOUSE_PORT is '{port}'; it must be a number, for instance 8123 or 8443.")
    return Settings(
        target=target,
        home=home,
        clickhouse=ClickHouse(
            host=required("CLICKHOUSE_HOST"),
            port=int(port),
            user=required("CLICKHOUSE_USER"),
            password=required("CLICKHOUSE_PASSWORD"),
            secure=(env.get("CLICKHOUSE_SECURE") or "false").lower() in ("1", "true", "yes"),
        ),
        lake=LakeSettings(
            bucket=required("LAKE_BUCKET"),
            endpoint_url=env.get("LAKE_ENDPOINT_URL", ""),
            region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1",
            access_key_id=env.get("AWS_ACCESS_KEY_ID", ""),
            secret_access_key=env.get("AWS_SECRET_ACCESS_KEY", ""),
            session_token=env.get("AWS_SESSION_TOKEN", ""),
            queue_url=_queue_url(env),
        ),
        learner_id_key=required("LEARNER_ID_KEY"),
        data_docs_url=_data_docs_url(env, home),
    )


def _data_docs_url(env: Mapping[str, str], home: Path) -> str:
    url = env.get("DATA_DOCS_URL") or str(home / "data_docs")
    bucket = url.removeprefix("s3://").partition("/")[0] if url.startswith("s3://") else ""
    if not (bucket or url.startswith("/")):
        raise SettingsError(
            f"DATA_DOCS_URL is '{url}'; expected s3://<bucket>/<prefix>, a folder as an absolute path, or nothing for "
            "the folder data_docs of WAREHOUSE_HOME."
        )
    return url


def _queue_url(env: Mapping[str, str]) -> str:
    url = env.get("LAKE_QUEUE_URL", "")
    if url and not url.startswith(("https://", "http://")):
        raise SettingsError(
            f"LAKE_QUEUE_URL is '{url}'; expected the queue's URL, for instance "
            "https://sqs.<region>.amazonaws.com/<account>/drops, or nothing."
        )
    return url
