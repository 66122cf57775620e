"""A request of the HTTP interface, read from its URL, headers and form."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestration.embedded.access import User
from orchestration.embedded.errors import EngineError
from orchestration.embedded.statements import check_format

DEFAULT_FORMAT = "TabSeparated"
# Parameters of HTTP itself: what the endpoint answers to, and what it may ignore on one machine.
TRANSPORT_PARAMETERS = {
    *("query", "user", "password", "database", "default_format", "query_id", "role", "quota_key"),
    *("session_id", "session_timeout", "session_check", "close_session"),
    *("compress", "decompress", "stacktrace", "buffer_size", "wait_end_of_query", "client_protocol_version"),
    *("enable_http_compression", "http_zlib_compression_level", "send_progress_in_http_headers"),
    *("http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close"),
    *("http_native_compression_disable_checksumming_on_decompress", "http_make_head_request", "_"),
}


@dataclass(frozen=True)
class ExternalTable:
    """Rows that came with a query as a file of its form, to be read as a temporary table."""

    name: str
    structure: str
    format: str
    data: bytes


@dataclass(frozen=True)
class QueryRequest:
    """Everything about one request except its body."""

    user: User
    query_id: str
    sql: bytes
    database: str
    default_format: str
    protocol_version: str
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    session_id: str
    session_timeout: str
    session_must_exist: bool
    must_only_read: bool
    waits_for_end: bool
    accepts_coding: str
    external_tables: list[ExternalTable] = field(default_factory=list)

    @property
    def timezone(self) -> str:
        return self.settings.get("session_timezone") or "UTC"


def read_request(
    user: User,
    method: str,
    headers: Mapping[str, str],
    parameters: Mapping[str, str],
    external_tables: list[ExternalTable] | None = None,
) -> QueryRequest:
    """The request in terms of ClickHouse; `parameters` are those of the URL and of the form together."""
    external_tables = external_tables or []
    wants_coding = is_on(parameters.get("enable_http_compression", ""))
    described = {f"{table.name}_{part}" for table in external_tables for part in ("format", "types", "structure")}
    return QueryRequest(
        user=user,
        query_id=read_query_id(parameters.get("query_id", "")),
        sql=parameters.get("query", "").encode(),
        database=parameters.get("database") or headers.get("x-clickhouse-database", ""),
        default_format=check_format(
            parameters.get("default_format") or headers.get("x-clickhouse-format") or DEFAULT_FORMAT
        ),
        protocol_version=parameters.get("client_protocol_version", ""),
        settings={
            name: value
            for name, value in parameters.items()
            if name not in TRANSPORT_PARAMETERS | described and not name.startswith("param_")
        },
        parameters={
            name.removeprefix("param_"): value for name, value in parameters.items() if name.startswith("param_")
        },
        session_id=parameters.get("session_id", ""),
        session_timeout=parameters.get("session_timeout", ""),
        session_must_exist=is_on(parameters.get("session_check", "")),
        must_only_read=method in ("GET", "HEAD") or parameters.get("readonly", "0") != "0",
        waits_for_end=is_on(parameters.get("wait_end_of_query", "")),
        accepts_coding=headers.get("accept-encoding", "") if wants_coding else "",
        external_tables=external_tables,
    )


def read_query_id(text: str) -> str:
    """The client's id of its query, or a new one. It stands in headers and in the log, so it is one line."""
    if not text.isprintable():
        raise EngineError(36, "BAD_ARGUMENTS", "The query_id must be one line of printable characters.")
    return text or str(uuid.uuid4())


def is_on(value: str) -> bool:
    return value.lower() in ("1", "true", "yes", "on")
