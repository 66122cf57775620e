"""Secrets as a team keeps them: in a variable, in a file that an orchestrator mounts, or in what a command prints.

`CLICKHOUSE_PASSWORD_FILE` and `CLICKHOUSE_PASSWORD_COMMAND` are other ways to say `CLICKHOUSE_PASSWORD`; the same holds
for every name of SECRETS. Both go before the variable, which we set ourselves for dbt, and which is older when a secret
was changed. A file and a command at once is an error: which one counts would be a guess.
"""

import os
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

SECRETS = (
    "CLICKHOUSE_PASSWORD",
    "CLICKHOUSE_READER_PASSWORD",
    "LEARNER_ID_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "ASK_API_KEY",
    "ALERT_URLS",
)
FILE, COMMAND = "_FILE", "_COMMAND"
COMMAND_SECONDS = 30
KEPT_SECONDS = 300
"""How long the answer of a command counts: settings are read in each tick, and a vault need not be asked as often."""


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which one and what to do."""


class SecretEnvironment(Mapping[str, str]):
    """An environment in which a secret has its value, wherever it is kept. Files are read when they are asked for."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def __getitem__(self, name: str) -> str:
        if name not in SECRETS:
            return self._environment[name]
        ways = [name + ending for ending in (FILE, COMMAND) if self._environment.get(name + ending)]
        if len(ways) > 1:
            raise SettingsError(f"{' and '.join(ways)} are set; keep one of them.")
        if not ways:
            return self._environment[name]
        value = self._environment[ways[0]]
        return _from_file(ways[0], value) if ways[0].endswith(FILE) else _from_command(ways[0], value, _period())

    def __iter__(self) -> Iterator[str]:
        """Names only: looking through them reads no secret."""
        return iter(set(self._environment) | {name for name in SECRETS if is_kept_elsewhere(name, self._environment)})

    def __len__(self) -> int:
        return sum(1 for _ in self)


def with_secrets(environment: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """The environment with the values of its secrets. Raises SettingsError when one is asked for and cannot be had."""
    return environment if isinstance(environment, SecretEnvironment) else SecretEnvironment(environment)


def is_kept_elsewhere(name: str, environment: Mapping[str, str]) -> bool:
    """Whether a file or a command says this secret."""
    return name in SECRETS and any(environment.get(name + ending) for ending in (FILE, COMMAND))


def _from_file(name: str, path: str) -> str:
    try:
        value = Path(path).read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(f"{name} names {path}, which cannot be read: {reason}.") from None
    if not value:
        raise SettingsError(f"{name} names {path}, which is empty.")
    return value


@lru_cache(maxsize=16)
def _from_command(name: str, command: str, period: int) -> str:
    """What the command prints, without its last line end. No shell reads it; its own words of failure are not shown,
    for they may hold what is secret."""
    try:
        done = subprocess.run(
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise SettingsError(f"The command of {name} did not run ({type(error).__name__}). Run it by hand.") from None
    if done.returncode or not done.stdout.rstrip("\r\n"):
        raise SettingsError(
            f"The command of {name} ended with {done.returncode} and {len(done.stdout)} characters; expected 0 and the "
            "secret. Run it by hand."
        )
    return done.stdout.rstrip("\r\n")


def _period() -> int:
    return int(time.monotonic() // KEPT_SECONDS)
