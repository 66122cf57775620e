"""Who may speak to the endpoint, and what a reader may do.

chDB runs everything as one user and checks no password, so that is done here, before a request reaches the engine.
A reader's statements are also judged by the engine's own parser (see `reader_rules`), and run on a connection that has
only the rights of a reader (see `engine_config`).
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from orchestration.embedded import reader_rules
from orchestration.embedded.errors import EngineError

ADMIN_USER = "default"
READER_USER = "bi_reader"


@dataclass(frozen=True)
class User:
    """A user of the endpoint."""

    name: str
    password: str
    is_reader: bool = False


class Users:
    """The users this endpoint knows, by name."""

    def __init__(self, users: list[User]) -> None:
        self._by_name = {user.name: user for user in users}

    def authenticate(self, headers: Mapping[str, str], parameters: Mapping[str, str]) -> User:
        """The user of a request; raises ClickHouse's error 516 for a wrong name or password."""
        name, password = read_credentials(headers, parameters)
        user = self._by_name.get(name)
        expected = user.password if user else ""
        is_right = hmac.compare_digest(password.encode(), expected.encode())
        if user is None or not is_right:
            raise EngineError(
                516,
                "AUTHENTICATION_FAILED",
                f"{name}: Authentication failed: password is incorrect, or there is no user with such name.",
            )
        return user


def read_credentials(headers: Mapping[str, str], parameters: Mapping[str, str]) -> tuple[str, str]:
    """User and password from the ClickHouse headers, from Basic authentication or from the URL, in this order."""
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        return headers.get("x-clickhouse-user", ADMIN_USER), headers.get("x-clickhouse-key", "")
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise EngineError(
                516, "AUTHENTICATION_FAILED", "Invalid authentication: the Basic credentials are not base64 of UTF-8."
            ) from None
        return name, password
    return parameters.get("user", ADMIN_USER), parameters.get("password", "")


def check_request(user: User, settings: Mapping[str, str], default_format: str, has_external_tables: bool) -> None:
    """Refuses what a request brings beside its statement and a reader must not have; raises EngineError.

    Asking for what holds anyway, to be read-only, is fine.
    """
    if not user.is_reader:
        return
    if "profile" in settings or settings.get("readonly", "1") not in ("1", "2"):
        raise EngineError(164, "READONLY", "Cannot modify 'readonly' or 'profile' setting in readonly mode.")
    own = {name: value for name, value in settings.items() if name not in ("readonly", "log_comment")}
    reader_rules.check_settings(user.name, own)
    reader_rules.check_format(user.name, default_format)
    if has_external_tables:
        refuse_external_tables(user)


def refuse_external_tables(user: User) -> NoReturn:
    """A reader sends no rows: their structure may hold expressions."""
    text = f"{user.name}: Not enough privileges. This user may not send rows for a temporary table."
    raise EngineError(497, "ACCESS_DENIED", text)


def check_statement(user: User, statement_class: str, must_only_read: bool) -> None:
    """Refuses what this user or this request must not run. `statement_class` is the engine's own judgement.

    A reader's SET, USE and KILL are of the class CONTROL; `reader_rules` says which of this class a reader may run.
    """
    if must_only_read and statement_class != "READ_ONLY":
        raise EngineError(
            164,
            "READONLY",
            "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. "
            "You should use method POST for modifying queries, without readonly among the settings.",
        )
    if user.is_reader and statement_class not in ("READ_ONLY", "CONTROL"):
        raise EngineError(
            164, "READONLY", f"{user.name}: Cannot execute query in readonly mode. This user may only read."
        )
