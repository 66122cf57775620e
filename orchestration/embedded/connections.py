"""Connections to the one chDB engine of this process: a small pool, and the settings of a single query.

Connecting for every request leaves descriptors and threads behind, so connections are reused, and whatever a request
changed is put back before the next one sees the connection.
"""

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import chdb
from chdb import ChdbError

from orchestration.embedded.engine_config import (
    ADMIN_ROLE,
    ADMIN_SETTINGS,
    READER_PROFILE,
    READER_ROLE,
    READER_SETTINGS,
)
from orchestration.embedded.errors import EngineError, read_engine_error

MAX_IDLE_CONNECTIONS = 8
SETTING_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_.]*$")
# These change many settings at once: such a connection is not worth cleaning.
SWEEPING_SETTINGS = {"compatibility", "profile", "readonly", "dialect"}


def quote(text: str) -> str:
    """A ClickHouse string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_bytes(text: bytes) -> bytes:
    """A ClickHouse string literal of any bytes; the engine's strings need not be UTF-8."""
    return b"'" + text.replace(b"\\", b"\\\\").replace(b"'", b"\\'") + b"'"


def quote_identifier(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


class EngineConnection:
    """One chDB connection. `is_spent` means: never hand it to another request."""

    def __init__(self, address: str, baseline: Mapping[str, str]) -> None:
        try:
            self._chdb = chdb.connect(address)
        except (ChdbError, RuntimeError) as error:
            raise read_engine_error(str(error)) from None
        self.is_spent = False
        self._baseline = baseline
        # What this connection has between requests, as far as known: all settings that are not defaults, the database.
        self._settings: Mapping[str, str] | None = baseline
        self._database = ""
        self.set(baseline)

    def execute(
        self, sql: str | bytes, output_format: str = "TabSeparated", parameters: Mapping[str, str] | None = None
    ) -> Any:
        """Runs one statement to its end; raises EngineError."""
        try:
            return self._chdb.query(sql, output_format, params=dict(parameters or {}))
        except (ChdbError, RuntimeError) as error:
            raise read_engine_error(str(error)) from None
        except UnicodeDecodeError as error:  # the engine's message quotes bytes of the data that are no UTF-8
            raise read_engine_error(error.object.decode(errors="replace")) from None

    def text(self, sql: str) -> str:
        """The single value that a statement answers."""
        return self.execute(sql, "TabSeparatedRaw").bytes().decode().rstrip("\n")

    def classify(self, sql: bytes) -> str:
        """What the engine's own parser says that one statement would do: READ_ONLY, MUTATING or CONTROL.

        Raises the parser's error for a text that is not exactly one statement: chDB, unlike a server, would run each
        of several statements up to the first that it cannot parse.
        """
        seen = self._chdb._conn.classify_query(sql)
        if seen["statement_count"] > 1:
            raise EngineError(62, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed)")
        if seen["query_class"].name == "UNKNOWN":
            self.canonical(sql)
            raise EngineError(62, "SYNTAX_ERROR", "Syntax error: the statement is not complete")
        return seen["query_class"].name

    def canonical(self, sql: bytes) -> bytes:
        """The text as the engine's parser writes it: no comments, no escaped names, no typographic quotes."""
        answer = self.execute(b"SELECT formatQuery(" + quote_bytes(sql) + b")", "TabSeparatedRaw")
        return answer.bytes().rstrip(b"\n")

    def spend(self) -> None:
        """To be said before anything that may leave traces which no request takes back."""
        self.is_spent = True
        self._settings, self._database = None, ""

    def set(self, settings: Mapping[str, str]) -> None:
        """Changes settings of this connection, as strings; the engine converts and checks them."""
        if not settings:
            return
        for name in settings:
            if not SETTING_NAME.match(name):
                raise EngineError(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'")
        if SWEEPING_SETTINGS.intersection(settings):
            self.spend()
        try:
            self.execute("SET " + ", ".join(f"{name} = {quote(value)}" for name, value in settings.items()))
        except EngineError:
            self.spend()
            raise

    def own_settings(self, names: Iterable[str]) -> dict[str, str]:
        """Of the settings named, those that are not the engine's defaults between two requests.

        The engine takes 3 ms to go through its thousand settings, so it is asked once after each `spend`.
        """
        if self._settings is None:
            rows = self.execute("SELECT name, value FROM system.settings WHERE changed", "JSONCompactEachRow")
            self._settings = dict(json.loads(line) for line in rows.bytes().splitlines())
        return {name: self._settings[name] for name in names if name in self._settings}

    def current_database(self) -> str:
        """The engine is asked once, and once after each `spend`."""
        if not self._database:
            self._database = self.text("SELECT currentDatabase()")
        return self._database

    def use(self, database: str) -> None:
        if self.current_database() != database:
            self.execute(f"USE {quote_identifier(database)}")
            self._database = database

    def undo(self, action: Callable[..., Any], *arguments: Any) -> None:
        """Runs what takes a request's traces back. A statement that is killed just now may fail: the connection, with
        what is left on it, is then used no more."""
        try:
            action(*arguments)
        except EngineError:
            self.spend()
            raise

    def put_back(self, changed: Iterable[str], before: Mapping[str, str] | None) -> None:
        """Undoes the settings `changed`: to the values `before` on a session, else to ours or the engine's defaults."""
        if self.is_spent and before is None:
            return
        known = self._baseline if before is None else before
        values = [f"{name} = {quote(known[name]) if name in known else 'DEFAULT'}" for name in changed]
        if values:
            self.execute("SET " + ", ".join(values))

    def close(self) -> None:
        self._chdb.close()


class ConnectionPool:
    """Hands out connections; keeps at most eight idle ones."""

    def __init__(self, connect: Callable[[], EngineConnection]) -> None:
        self._connect = connect
        self._idle: list[EngineConnection] = []
        self._lock = threading.Lock()

    def take(self) -> EngineConnection:
        """A connection that only the caller uses, until it is given back or closed."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        return connection or self._connect()

    def give(self, connection: EngineConnection) -> None:
        """Takes a connection back; one that is spent, or one too many, is closed."""
        with self._lock:
            is_kept = not connection.is_spent and len(self._idle) < MAX_IDLE_CONNECTIONS
            if is_kept:
                self._idle.append(connection)
        if not is_kept:
            connection.close()

    @contextmanager
    def borrow(self) -> Iterator[EngineConnection]:
        """A connection for one request."""
        connection = self.take()
        try:
            yield connection
        finally:
            self.give(connection)

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


class Engine:
    """The data folder, opened: connections for admins and readers, and one of its own to stop queries."""

    def __init__(self, data: str, config: str) -> None:
        self._address = f"{data}?config-file={config}"
        # The engine lives as long as one connection does.
        self._control = self.connect(is_reader=False)
        self._control_lock = threading.Lock()
        self.pools = {is_reader: ConnectionPool(partial(self.connect, is_reader)) for is_reader in (False, True)}

    def connect(self, is_reader: bool) -> EngineConnection:
        """A connection with an admin's or a reader's rights."""
        connection = EngineConnection(self._address, READER_SETTINGS if is_reader else ADMIN_SETTINGS)
        connection.execute(f"SET ROLE {READER_ROLE if is_reader else ADMIN_ROLE}")
        if is_reader:
            connection.execute(f"SET profile = '{READER_PROFILE}'")
            connection.execute("SET readonly = 2")
        return connection

    def cancel(self, thread_id: int) -> None:
        """Asks the engine to stop the query of this thread of ours; returns at once."""
        with self._control_lock:
            self._control.execute(f"KILL QUERY WHERE has(thread_ids, {thread_id}) ASYNC")

    def queries_of_threads(self) -> dict[str, list[int]]:
        """The threads at work for each query that runs, by the engine's own id of it.

        chDB gives every query an id of its own and takes none. It runs a query in the thread that asks for it, and
        lists that thread, which no text of a query can change.
        """
        with self._control_lock:
            answer = self._control.execute("SELECT query_id, thread_ids FROM system.processes", "JSONCompactEachRow")
        rows = [json.loads(line) for line in answer.bytes().splitlines()]
        return {query_id: [int(thread) for thread in threads] for query_id, threads in rows}

    def close(self) -> None:
        for pool in self.pools.values():
            pool.close()
        self._control.close()
