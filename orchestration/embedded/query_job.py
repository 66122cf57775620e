"""Running one request on the engine, in a thread of its own.

Whatever a statement answers goes through a pipe: the engine itself writes a SELECT's rows there in the wanted
format, so a result of any size and any format passes in constant memory, and a slow reader slows the query.
"""

import itertools
import json
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from orchestration.embedded import reader_rules, statements
from orchestration.embedded.access import check_request, check_statement
from orchestration.embedded.connections import Engine, EngineConnection, quote, quote_identifier
from orchestration.embedded.errors import EngineError
from orchestration.embedded.query_request import ExternalTable, QueryRequest
from orchestration.embedded.running import RunningQueries
from orchestration.embedded.sessions import Sessions

MAX_STATEMENT_BYTES = 64 << 20
SMALL_VALUES_BYTES = 1 << 20
PROTOCOL_PROBE = re.compile(rb"\s*select 1 as check\s*(format native\s*)?$", re.IGNORECASE)
"""What a client asks to see which form of Native is answered."""


class QueryJob:
    """One statement: its body comes in, its answer leaves through `output`, the write end of a pipe.

    `answer_format` is known before the first byte is written and stays empty when a statement has no answer;
    `summary` and `error` are known when the pipe is closed.
    """

    def __init__(
        self,
        engine: Engine,
        sessions: Sessions,
        running: RunningQueries,
        request: QueryRequest,
        output: int,
        temporary: str,
    ) -> None:
        self.request = request
        self.answer_format = ""
        self.keyword = ""
        self.summary: dict[str, str] = {}
        self.error: EngineError | None = None
        self._engine = engine
        self._sessions = sessions
        self._output = output
        self._temporary = temporary
        self._running = running
        self._is_cancelled = threading.Event()
        self._is_done = threading.Event()
        # Held to stop the thread's query and to end the job, so that a thread's next query is never stopped instead.
        self._stopping = threading.Lock()
        self.thread_id = 0

    def run(self, body: Iterator[bytes]) -> None:
        """Runs the statement; never raises, closes the pipe in the end."""
        self.thread_id = threading.get_native_id()
        try:
            with ExitStack() as stack:
                connection = self._borrow(stack)
                self._prepare(connection, stack)
                self._execute(connection, body)
        except EngineError as error:
            self.error = error
        except Exception as error:  # The client must hear of it, whatever it is.
            self.error = EngineError(1002, "UNKNOWN_EXCEPTION", f"The endpoint failed: {type(error).__name__}: {error}")
        finally:
            with self._stopping:
                self.thread_id = 0
                self._is_done.set()
            os.close(self._output)

    def cancel(self) -> None:
        """Stops the statement; returns when it has stopped."""
        self._is_cancelled.set()
        while not self._is_done.is_set():
            with self._stopping:
                if self.thread_id:
                    self._engine.cancel(self.thread_id)
            self._is_done.wait(0.2)

    def _borrow(self, stack: ExitStack) -> EngineConnection:
        request = self.request
        if not request.session_id:
            return stack.enter_context(self._engine.pools[request.user.is_reader].borrow())
        return stack.enter_context(
            self._sessions.borrow(request.user, request.session_id, request.session_timeout, request.session_must_exist)
        )

    def _prepare(self, connection: EngineConnection, stack: ExitStack) -> None:
        """Settings, database and external tables of this request, and their undoing afterwards."""
        request = self.request
        check_request(request.user, request.settings, request.default_format, bool(request.external_tables))
        settings = dict(request.settings)
        # Once set on a connection it cannot be taken back, not even for the next request of a session.
        settings.pop("readonly", None)
        if settings:
            before = connection.own_settings(settings) if request.session_id else None
            connection.set(settings)
            stack.callback(connection.undo, connection.put_back, settings, before)
        if request.database:
            stack.callback(connection.undo, connection.use, connection.current_database())
            connection.use(request.database)
        for table in request.external_tables:
            drop = f"DROP TEMPORARY TABLE IF EXISTS {quote_identifier(table.name)}"
            stack.callback(connection.undo, connection.execute, drop)
            self._add_external_table(connection, table)

    def _add_external_table(self, connection: EngineConnection, table: ExternalTable) -> None:
        name = quote_identifier(table.name)
        create = f"CREATE TEMPORARY TABLE {name} ({table.structure})".encode()
        connection.classify(create)
        connection.execute(create)
        insert_format = statements.check_format(table.format)
        insert = statements.InlineInsert(f"INSERT INTO {name}".encode(), b"", insert_format, 0)
        self._insert(connection, insert, iter([table.data]), {})

    def _execute(self, connection: EngineConnection, body: Iterator[bytes]) -> None:
        head, rest = self._read_head(body)
        self.keyword = statements.first_keyword(head).decode(errors="replace")
        inline = statements.find_inline_insert(head)
        if inline is not None:
            check_statement(self.request.user, "MUTATING", self.request.must_only_read)
            self._insert_inline(connection, inline, head, rest)
            return
        for chunk in rest:
            head += chunk
            if len(head) > MAX_STATEMENT_BYTES:
                raise EngineError(62, "SYNTAX_ERROR", f"The statement is longer than {MAX_STATEMENT_BYTES} bytes.")
        self._run_statement(connection, head)

    def _read_head(self, body: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
        """The beginning of URL query and body together, long enough to hold any INSERT's header."""
        head, is_first = self.request.sql, True
        for chunk in body:
            if chunk and is_first and head:
                head += b"\n"
            is_first = is_first and not chunk
            head += chunk
            inline = statements.find_inline_insert(head)
            if len(head) >= statements.MAX_HEADER_BYTES or (inline and inline.data_start < len(head)):
                break
        return head, body

    def _insert_inline(
        self, connection: EngineConnection, inline: statements.InlineInsert, head: bytes, rest: Iterator[bytes]
    ) -> None:
        data = head[inline.data_start :]
        if inline.format == "Values" and len(head) <= SMALL_VALUES_BYTES:
            # Few literal rows run as the statement they are: expressions and query parameters work in them.
            following = next((chunk for chunk in rest if chunk), b"")
            if data.strip() and not following:
                connection.classify(head)
                self._note(connection.execute(head, parameters=self.request.parameters))
                return
            rest = itertools.chain([following], rest)
        self._insert(connection, inline, itertools.chain([data], rest), self.request.parameters)

    def _insert(
        self,
        connection: EngineConnection,
        inline: statements.InlineInsert,
        data: Iterator[bytes],
        parameters: Mapping[str, str],
    ) -> None:
        """Inserts rows from a file, once they have all arrived: a body that breaks off inserts nothing.

        chDB's own streaming insert would spare the file, but it reports success when a constraint, a materialized
        view or the memory limit stopped the rows.
        """
        form = f" FORMAT {inline.format}".encode()
        connection.classify(inline.header + inline.settings + form)
        with tempfile.NamedTemporaryFile(dir=self._temporary, prefix="insert_") as file:
            for chunk in data:
                self._raise_when_cancelled()
                file.write(chunk)
            file.flush()
            if inline.is_query:
                sql = statements.replace_input(inline.header, quote(file.name).encode(), inline.format)
            else:
                source = f"\nFROM INFILE {quote(file.name)} COMPRESSION 'none' ".encode()
                sql = inline.header + source + inline.settings + form
            self._note(connection.execute(sql, parameters=parameters))

    def _run_statement(self, connection: EngineConnection, sql: bytes) -> None:
        sql = statements.strip_end(sql)
        if not sql:
            raise EngineError(62, "SYNTAX_ERROR", "Empty query")
        if statements.has_outfile(sql):
            raise EngineError(344, "SUPPORT_IS_DISABLED", "INTO OUTFILE and FROM INFILE are not allowed over HTTP.")
        statement_class = connection.classify(sql)
        check_statement(self.request.user, statement_class, self.request.must_only_read)
        if self.request.user.is_reader:
            sql = self._killing(connection, sql) if self.keyword == "KILL" else self._judged(connection, sql)
        if statement_class == "CONTROL" or statements.is_about_temporary_tables(sql):
            # SET, USE and temporary tables must not reach the next request on this connection.
            connection.spend()
        if not self.request.user.is_reader and statements.speaks_of_queries(sql, statement_class):
            sql = statements.rewrite_query_ids(sql, self._running.columns(self))
        self._raise_when_cancelled()
        if statement_class == "READ_ONLY" and statements.is_select(sql):
            self._stream(connection, sql)
        else:
            self._answer(connection, sql, statement_class == "READ_ONLY")

    def _judged(self, connection: EngineConnection, sql: bytes) -> bytes:
        """A reader's statement after its check: the engine's own writing of it, so that no odd quotes deceive us."""
        canonical = connection.canonical(sql)
        asked = reader_rules.check_statement(connection, self.request.user.name, canonical, self.request.parameters)
        clause = statements.find_format(canonical)
        if (clause[0] if clause else None) != asked:
            raise EngineError(62, "SYNTAX_ERROR", "The FORMAT of this statement is not where it was expected.")
        return canonical

    def _killing(self, connection: EngineConnection, sql: bytes) -> bytes:
        """A reader's KILL QUERY, done here, since the engine would let it stop everybody's; returns what to answer."""
        user = self.request.user
        query_id = statements.find_killed_query(connection.canonical(sql).decode(errors="replace"))
        if query_id is None:
            text = f"{user.name} may end its own queries only: KILL QUERY WHERE query_id = '…'."
            raise EngineError(164, "READONLY", text)
        job = self._running.find(user, query_id)
        if job is not None and job is not self:
            job.cancel()
        columns = {"kill_status": "finished", "query_id": query_id, "user": user.name}
        listed = ", ".join(f"{quote(value)} AS {name}" for name, value in columns.items())
        return f"SELECT {listed} WHERE {int(job is not None)}".encode()

    def _stream(self, connection: EngineConnection, sql: bytes) -> None:
        """A SELECT: the engine writes into the pipe. A FORMAT in the text wins over every other wish."""
        clause = statements.find_format(sql)
        name, start, end = clause or (self.request.default_format, len(sql), len(sql))
        self._check_protocol(name, sql)
        self.answer_format = name
        outfile = f"\nINTO OUTFILE '/dev/fd/{self._output}' APPEND FORMAT {name} ".encode()
        result = connection.execute(sql[:start] + outfile + sql[end:], name, self.request.parameters)
        self._note(result)

    def _check_protocol(self, name: str, sql: bytes) -> None:
        """A client that asks for a later form of Native would misread the one that chDB writes.

        One that asks by a probe first, as clickhouse-connect before 1.0 does, sees in its answer what is spoken here.
        """
        version = self.request.protocol_version
        if name == "Native" and version not in ("", "0") and not PROTOCOL_PROBE.match(sql):
            raise EngineError(
                48,
                "NOT_IMPLEMENTED",
                f"client_protocol_version={version[:20]} is not supported here: Native is answered as for version 0. "
                "Leave the parameter out.",
            )

    def _answer(self, connection: EngineConnection, sql: bytes, is_reading: bool) -> None:
        """Any other statement: its answer is small."""
        clause = statements.find_format(sql)
        name = clause[0] if clause else self.request.default_format
        if is_reading:
            self._check_protocol(name, sql)
        result = connection.execute(sql, name, self.request.parameters)
        self._note(result)
        answer = memoryview(result.bytes())
        if answer or is_reading:
            self.answer_format = name
        while answer and not self._is_cancelled.is_set():
            answer = answer[os.write(self._output, answer) :]

    def _note(self, result) -> None:
        """Numbers for X-ClickHouse-Summary."""

        def number(name: str) -> str:
            value = getattr(result, name, 0)
            return str(value() if callable(value) else value)

        elapsed = float(number("elapsed"))
        self.summary = {
            "read_rows": number("storage_rows_read"),
            "read_bytes": number("storage_bytes_read"),
            "written_rows": number("rows_written"),
            "written_bytes": number("bytes_written"),
            "total_rows_to_read": "0",
            "result_rows": number("rows_written") if self.keyword == "INSERT" else number("rows_read"),
            "result_bytes": number("bytes_written") if self.keyword == "INSERT" else number("bytes_read"),
            "elapsed_ns": str(int(elapsed * 1e9)),
        }

    @property
    def summary_header(self) -> str:
        return json.dumps(self.summary, separators=(",", ":"))

    def _raise_when_cancelled(self) -> None:
        if self._is_cancelled.is_set():
            raise EngineError(394, "QUERY_WAS_CANCELLED", "Query was cancelled.")
