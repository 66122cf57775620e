"""An answer of the HTTP interface: headers, rows, errors.

Rows are held back until a megabyte is there or the query has ended, as the server does, so that most errors still
get their status code. An error after that follows the rows, marked, and the connection is cut.
"""

import asyncio
import secrets
import tempfile

from starlette.types import Send

from orchestration.embedded.compression import Encoder, choose_coding, make_encoder
from orchestration.embedded.errors import EngineError
from orchestration.embedded.query_job import QueryJob

HELD_BACK_BYTES = 1 << 20
IN_MEMORY_BYTES = 8 << 20
CHUNK_BYTES = 1 << 18
CONTENT_TYPES = {
    "Pretty": "text/plain; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONCompactEachRow": "application/x-ndjson; charset=UTF-8",
    "JSON": "application/json; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
    "HTML": "text/html; charset=UTF-8",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "Arrow": "application/octet-stream",
    "ORC": "application/octet-stream",
}

# An answer is no page of ours: scripts in it, as in FORMAT HTML, can ask nothing of the endpoint.
SHOWN_IN_A_BROWSER = {"content-security-policy": "sandbox allow-scripts", "x-content-type-options": "nosniff"}


def content_type(answer_format: str) -> str:
    """The media type of a format; of its family (`JSONCompact` is JSON) when it is not listed itself."""
    if answer_format in CONTENT_TYPES:
        return CONTENT_TYPES[answer_format]
    family = max((name for name in CONTENT_TYPES if answer_format.startswith(name)), key=len, default="Pretty")
    return CONTENT_TYPES[family]


class ClientGone(Exception):
    """The client closed the connection."""


class HttpAnswer:
    """Writes one answer; `keyword` and `outcome` are for the log."""

    def __init__(self, send: Send, method: str) -> None:
        self._send = send
        self._has_body = method != "HEAD"
        self._has_started = False
        self._exception_tag = secrets.token_urlsafe(12)[:16]
        self._encoder: Encoder | None = None
        self.query_id = ""
        self.keyword = ""
        self.outcome = "200"

    async def send_text(self, status: int, text: str, extra: dict[str, str] | None = None) -> None:
        """A whole answer at once."""
        data = text.encode()
        headers = {"content-type": "text/plain; charset=UTF-8", "content-length": str(len(data))} | (extra or {})
        await self._start(status, headers)
        await self._body(data, is_last=True)

    async def send_error(self, error: EngineError) -> None:
        """ClickHouse's exception text and headers; after rows were sent, the marked text and a cut connection."""
        self.outcome = f"{error.http_status} code {error.code} {error.name}"
        text = f"{error}\n"
        if self._has_started:
            await self._break_off(text)
            return
        extra = {"x-clickhouse-exception-code": str(error.code)}
        if error.http_status == 401 or error.code == 516:
            extra["www-authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        await self.send_text(error.http_status, text, extra)

    async def send_job(self, job: QueryJob, rows: asyncio.StreamReader, temporary: str) -> None:
        """The job's rows as they come. Returns without an answer when the job failed before the first one was sent."""
        coding = choose_coding(job.request.accepts_coding)
        with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, dir=temporary) as held:
            limit = None if job.request.waits_for_end else HELD_BACK_BYTES
            while chunk := await rows.read(CHUNK_BYTES):
                await asyncio.to_thread(held.write, chunk)
                if limit is not None and held.tell() >= limit:
                    break
            if rows.at_eof() and job.error is not None:
                return
            await self._start_rows(job, coding)
            held.seek(0)
            while chunk := held.read(CHUNK_BYTES):
                await self._rows(chunk)
        while chunk := await rows.read(CHUNK_BYTES):
            await self._rows(chunk)
        if job.error is None:
            await self._body(self._encoder.flush() if self._encoder else b"", is_last=True)

    async def _start_rows(self, job: QueryJob, coding: str) -> None:
        headers = {
            "content-type": content_type(job.answer_format),
            "x-clickhouse-timezone": job.request.timezone,
            "x-clickhouse-summary": job.summary_header,
            "x-clickhouse-exception-tag": self._exception_tag,
        }
        if job.answer_format:
            headers["x-clickhouse-format"] = job.answer_format
        if coding:
            self._encoder = make_encoder(coding)
            headers["content-encoding"] = coding
        await self._start(200, headers)

    async def _start(self, status: int, headers: dict[str, str]) -> None:
        self._has_started = True
        common = {"x-clickhouse-server-display-name": "warehouse"} | SHOWN_IN_A_BROWSER
        if self.query_id:
            common["x-clickhouse-query-id"] = self.query_id
        encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in (common | headers).items()]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def _rows(self, chunk: bytes) -> None:
        if self._encoder is not None:
            chunk = await asyncio.to_thread(self._encoder.compress, chunk)
        await self._body(chunk)

    async def _body(self, data: bytes, is_last: bool = False) -> None:
        if data or is_last:
            body = data if self._has_body else b""
            await self._send({"type": "http.response.body", "body": body, "more_body": not is_last})

    async def _break_off(self, text: str) -> None:
        """As the server: the text between two markers. The answer stays incomplete, so the connection is then cut."""
        tag, size = self._exception_tag, len(text.encode())
        marked = f"\r\n__exception__\r\n{tag}\r\n{text}{size} {tag}\r\n__exception__\r\n"
        if self._encoder is None:
            await self._body(marked.encode())
