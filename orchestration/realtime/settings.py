"""Settings of the real-time path, from the environment. Without a broker or a database, embedded ones are used."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.realtime.rule_book import DEFAULT_RULES
from orchestration.settings import SettingsError, warehouse_home

STATEMENTS_TOPIC = "xapi.statements.v1"
REJECTED_TOPIC = "xapi.rejected.v1"
BROKER, DATABASE = "KAFKA_BOOTSTRAP_SERVERS", "OPERATIONAL_DATABASE_URL"
PROTOCOLS = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")
# Variable → librdkafka's name.
KAFKA_OPTIONS = {
    "KAFKA_SECURITY_PROTOCOL": "security.protocol",
    "KAFKA_SASL_MECHANISM": "sasl.mechanism",
    "KAFKA_SASL_USERNAME": "sasl.username",
    "KAFKA_SASL_PASSWORD": "sasl.password",
    "KAFKA_SSL_CA_LOCATION": "ssl.ca.location",
    "KAFKA_SSL_CERTIFICATE_LOCATION": "ssl.certificate.location",
    "KAFKA_SSL_KEY_LOCATION": "ssl.key.location",
    "KAFKA_SSL_KEY_PASSWORD": "ssl.key.password",
}


@dataclass(frozen=True)
class RealtimeSettings:
    """All settings of one process of the real-time path."""

    home: Path
    kafka: Mapping[str, str]
    """Connection options by librdkafka's names; empty when the embedded broker is to be started."""
    database_url: str
    """Empty when the embedded database is to be started."""
    rules_file: Path
    catalogue_file: Path | None
    """The catalogue as a file of lines; None: the lake's."""
    webhook_url: str
    webhook_secret: str
    default_source: str
    partitions: int
    session_timeout_seconds: float
    commit_seconds: float
    archive_seconds: float
    retention_days: float
    bridge_prefix: str
    """Drops below it are sent to the topic; empty: none."""

    @property
    def logs(self) -> Path:
        return self.home / "logs" / "realtime"

    @property
    def folder(self) -> Path:
        return self.home / "realtime"


def load_realtime_settings(env: Mapping[str, str] = os.environ) -> RealtimeSettings:
    """The settings. Raises SettingsError for one that is wrong; the message names the variable."""
    servers = env.get(BROKER, "")
    options = {name: env[variable] for variable, name in KAFKA_OPTIONS.items() if env.get(variable)}
    protocol = options.get("security.protocol", "plaintext").lower()
    if protocol not in PROTOCOLS:
        raise SettingsError(f"KAFKA_SECURITY_PROTOCOL is '{protocol}'; expected one of {', '.join(PROTOCOLS)}.")
    if options and not servers:
        raise SettingsError(f"{next(iter(options))} is set for a broker, but {BROKER} is not. Set both, or neither.")
    return RealtimeSettings(
        home=warehouse_home(env),
        kafka={"bootstrap.servers": servers, **options} if servers else {},
        database_url=_database_url(env),
        rules_file=Path(env.get("REALTIME_RULES") or DEFAULT_RULES),
        catalogue_file=Path(env["REALTIME_CATALOGUE"]) if env.get("REALTIME_CATALOGUE") else None,
        webhook_url=_webhook_url(env),
        webhook_secret=env.get("PLATFORM_WEBHOOK_SECRET", ""),
        default_source=env.get("REALTIME_SOURCE") or "stream",
        partitions=int(_number(env, "REALTIME_PARTITIONS", 8, 1)),
        session_timeout_seconds=_number(env, "REALTIME_SESSION_TIMEOUT_SECONDS", 6, 1),
        commit_seconds=_number(env, "REALTIME_COMMIT_SECONDS", 0.05, 0.005),
        archive_seconds=_number(env, "REALTIME_ARCHIVE_SECONDS", 60, 0.1),
        retention_days=_number(env, "REALTIME_RETENTION_DAYS", 30, 1),
        bridge_prefix=env.get("REALTIME_BRIDGE_PREFIX", ""),
    )


def _database_url(env: Mapping[str, str]) -> str:
    url = env.get(DATABASE, "")
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError(
            f"{DATABASE} does not begin with postgresql://. Write postgresql://user:password@host/name."
        )
    return url


def _webhook_url(env: Mapping[str, str]) -> str:
    url = env.get("PLATFORM_WEBHOOK_URL", "")
    if url and not url.startswith(("http://", "https://")):
        raise SettingsError("PLATFORM_WEBHOOK_URL must begin with https:// or http://.")
    return url


def _number(env: Mapping[str, str], name: str, default: float, least: float) -> float:
    text = env.get(name) or str(default)
    try:
        number = float(text)
    except ValueError:
        raise SettingsError(f"{name} is '{text}', and must be a number.") from None
    if number < least:
        raise SettingsError(f"{name} is {text}, and must be at least {least:g}.")
    return number
