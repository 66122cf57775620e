"""ClickHouse's HTTP interface as an ASGI application.

One request is one QueryJob in a thread; this module moves bytes between the client and that thread, and stops the
job when the client goes away. The log has one line per request and never holds SQL, passwords or URLs.
"""

import asyncio
import logging
import os
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from orchestration.embedded.access import User, Users
from orchestration.embedded.answer import ClientGone, HttpAnswer
from orchestration.embedded.compression import decode_body
from orchestration.embedded.connections import Engine
from orchestration.embedded.errors import EngineError
from orchestration.embedded.forms import read_form
from orchestration.embedded.query_job import QueryJob
from orchestration.embedded.query_request import ExternalTable, QueryRequest, is_on, read_request
from orchestration.embedded.running import MAX_RUNNING_QUERIES, RunningQueries
from orchestration.embedded.sessions import Sessions
from orchestration.web_guard.origins import refusal_of_page

# A client that neither sends nor takes a byte for so long has left, though its connection stands. A server waits 30 s.
STALLED_SECONDS = 300
log = logging.getLogger("endpoint")


class RequestBody:
    """The body of a request, pulled by the job's thread, and the news that the client has left."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._is_complete = asyncio.Event()
        self._is_abandoned = False
        self._pending: Future[bytes] | None = None

    def chunks(self) -> Iterator[bytes]:
        """Called from the job's thread."""
        while not self._is_complete.is_set():
            self._pending = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
            yield self._pending.result()

    async def _next(self) -> bytes:
        message: Message = await in_time_received(self._receive)()
        if message["type"] == "http.disconnect":
            self._is_abandoned = True
            self._is_complete.set()
            raise EngineError(394, "QUERY_WAS_CANCELLED", "The client left before the whole body had arrived.")
        if not message.get("more_body"):
            self._is_complete.set()
        return message.get("body", b"")

    def abandon(self) -> None:
        """Ends a job's waiting for more of the body."""
        self._is_complete.set()
        if self._pending is not None:
            self._pending.cancel()

    async def wait_until_client_leaves(self) -> None:
        await self._is_complete.wait()
        while not self._is_abandoned:
            message = await self._receive()
            self._is_abandoned = message["type"] == "http.disconnect"


class HttpInterface:
    """The application: `/` for queries, `/ping` and `/replicas_status` for monitoring."""

    def __init__(self, engine: Engine, users: Users, temporary: str) -> None:
        self._engine = engine
        self._users = users
        self._temporary = temporary
        self._sessions = Sessions(engine.pools)
        self._threads = ThreadPoolExecutor(MAX_RUNNING_QUERIES + 2, thread_name_prefix="query")
        self._running = RunningQueries(engine)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path, method = scope["path"], scope["method"]
        if path in ("/ping", "/replicas_status"):
            await HttpAnswer(send, method).send_text(200, "Ok.\n")
        elif path != "/":
            await HttpAnswer(send, method).send_text(404, f"There is no handle {path}\n\nUse / for queries, /ping.\n")
        elif method not in ("GET", "HEAD", "POST", "OPTIONS"):
            await HttpAnswer(send, method).send_text(405, f"Method {method} is not supported; use GET or POST.\n")
        elif method == "OPTIONS" or (method in ("GET", "HEAD") and not scope["query_string"]):
            await HttpAnswer(send, method).send_text(200, "" if method == "OPTIONS" else "Ok.\n")
        else:
            await self._answer_query(scope, receive, send)

    async def _answer_query(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_at, user = time.monotonic(), "-"
        answer = HttpAnswer(in_time_sent(send), scope["method"])
        try:
            headers, url = Headers(scope=scope), QueryParams(scope["query_string"])
            if reason := refusal_of_page(headers, scope["method"]):
                raise EngineError(497, "ACCESS_DENIED", reason)
            caller = self._users.authenticate(headers, url)
            user = caller.name
            with self._running.place(caller):
                request, body = await self._read(scope, receive, caller, headers, dict(url))
                answer.query_id = request.query_id
                self._running.check_id(request.query_id)
                await self._run(request, body, headers.get("content-encoding", ""), answer)
        except EngineError as error:
            await answer.send_error(error)
        except (ClientGone, ClientDisconnect):
            answer.outcome = "client left"
        except Exception as error:
            # Frames only: the text of an unforeseen error may hold parts of a statement.
            log.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            raise
        finally:
            milliseconds = int((time.monotonic() - started_at) * 1000)
            log.info(
                "%s %s %s %s %d ms", user, answer.query_id or "-", answer.keyword or "-", answer.outcome, milliseconds
            )

    async def _read(
        self, scope: Scope, receive: Receive, caller: User, headers: Headers, parameters: dict[str, str]
    ) -> tuple[QueryRequest, RequestBody]:
        """The request; a form's fields count as parameters, its files as external tables."""
        if is_on(parameters.get("compress", "")) or is_on(parameters.get("decompress", "")):
            raise EngineError(
                48,
                "NOT_IMPLEMENTED",
                "compress=1 and decompress=1 (ClickHouse's own block format) are not supported here. Use HTTP's: "
                "Content-Encoding for the body, enable_http_compression=1 with Accept-Encoding for the answer.",
            )
        tables: list[ExternalTable] = []
        body = RequestBody(receive)
        if headers.get("content-type", "").startswith("multipart/form-data"):
            parameters, tables = await read_form(scope, in_time_received(receive), caller, parameters)
            body = RequestBody(_only_disconnects(receive))
        return read_request(caller, scope["method"], headers, parameters, tables), body

    async def _run(self, request: QueryRequest, body: RequestBody, coding: str, answer: HttpAnswer) -> None:
        """Runs the job and answers from its pipe."""
        loop = asyncio.get_running_loop()
        read_end, write_end = os.pipe()
        job = QueryJob(self._engine, self._sessions, self._running, request, write_end, self._temporary)
        self._running.add(job)
        work = loop.run_in_executor(self._threads, lambda: job.run(decode_body(coding, body.chunks())))
        reader = asyncio.StreamReader(limit=1 << 18)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
        )
        watch = asyncio.create_task(body.wait_until_client_leaves())
        sending = asyncio.create_task(answer.send_job(job, reader, self._temporary))
        try:
            await asyncio.wait({watch, sending}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise ClientGone
            await sending
        finally:
            watch.cancel()
            sending.cancel()
            await asyncio.gather(watch, sending, return_exceptions=True)
            body.abandon()
            await self._finish(job, work, reader)
            transport.close()
            answer.keyword = job.keyword
            self._running.discard(job)
        if job.error is not None:
            await answer.send_error(job.error)

    async def _finish(self, job: QueryJob, work: asyncio.Future, reader: asyncio.StreamReader) -> None:
        """Stops the job when it still runs, and waits for it; what it still writes is thrown away."""
        if not work.done() and not reader.at_eof():
            cancelling = asyncio.create_task(asyncio.to_thread(job.cancel))
            while await reader.read(1 << 18):
                pass
            await cancelling
        await work

    async def expire_sessions(self) -> None:
        """Closes sessions as their time runs out; ends when cancelled."""
        while True:
            await asyncio.sleep(1)
            await asyncio.to_thread(self._sessions.expire)

    async def close(self) -> None:
        """Cancels what runs and closes every connection."""
        await asyncio.gather(*(asyncio.to_thread(job.cancel) for job in self._running.jobs))
        await asyncio.to_thread(self._threads.shutdown)
        self._sessions.close()
        self._engine.close()


def in_time_received(receive: Receive) -> Receive:
    """Raises ClickHouse's error 209 when the client sends nothing for too long."""

    async def next_message() -> Message:
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                return await receive()
        except TimeoutError:
            text = f"The client sent nothing for {STALLED_SECONDS} s, and the request is not complete."
            raise EngineError(209, "SOCKET_TIMEOUT", text) from None

    return next_message


def in_time_sent(send: Send) -> Send:
    """Raises ClientGone when the client takes nothing for too long: a query must not wait for it for ever."""

    async def send_message(message: Message) -> None:
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await send(message)
        except TimeoutError:
            raise ClientGone from None

    return send_message


def _only_disconnects(receive: Receive) -> Receive:
    """The receiving end of a form's request after the form was read: an empty body, then the client's leaving."""
    pending: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def next_message() -> Message:
        return pending.pop() if pending else await receive()

    return next_message
