"""Step 3, land: one INSERT … SELECT from the lake per batch, inside ClickHouse; no line passes through Python.

Each row is stamped from the plan by the path it was read from. A bad line is a reason on its row, never an error and
never a second write. Rows of an attempt that is never committed are invisible to every reader.
"""

from dataclasses import dataclass
from urllib.parse import quote

from clickhouse_connect.driver.client import Client

from orchestration.contract.lines import (
    BLANKS,
    ERASED,
    EXPIRED,
    MAX_LINE_BYTES,
    STATEMENT_KEYS,
    WRAPPED_ACTOR,
    WRAPPERS,
    wrapping_reason,
)
from orchestration.drop_kinds import has_statements
from orchestration.loading.lake.objects import ANSWERS, DOCUMENT, LINES, PARQUET, Drop
from orchestration.loading.ledger.erased import is_anyone_erased, names_erased
from orchestration.loading.upkeep.expire import is_expired
from orchestration.settings import LakeSettings, Settings

KEPT_HEAD_BYTES = 4096
"""How much of an over-long line is kept, for a person to see what it was."""
MAX_LAND_SECONDS = 3600
"""Below the run limit of Dagster (two hours), so that ClickHouse gives up before its caller does."""

LAND_SETTINGS = {
    # A pattern that matches nothing would otherwise succeed with 0 rows.
    "s3_throw_on_zero_files_match": 1,
    # The default overwrites columns with values from `dt=…` in the path.
    "use_hive_partitioning": 0,
    # `a.zip :: b` in a key would name a file inside an archive.
    "allow_archive_path_syntax": 0,
    # A 2 MB gzip bomb took 4.9 GB with parallel parsing; without, it fails at the memory limit, and nothing is slower.
    "input_format_parallel_parsing": 0,
    # Two objects at a time, each into parts of its own. Left alone, an engine with less than 4 GiB free reads and
    # writes with one thread, and one with 64 cores takes 32 times the memory.
    "max_threads": 2,
    "max_insert_threads": 2,
    "max_threads_min_free_memory_per_thread": 0,
    "max_insert_threads_min_free_memory_per_thread": 0,
    # Long lines: a block is cut by bytes as well as by rows (65,409 rows of 100 kB would be 6.5 GB). One object of
    # 645 MB needs 0.6 GB with these two; with 64 MiB and 128 MiB it needed 1.2 GB.
    "input_format_max_block_size_bytes": 16 << 20,
    "min_insert_block_size_bytes": 64 << 20,
    # An element that never closes would otherwise be read to 512 MB; see MAX_LINE_BYTES.
    "input_format_json_max_object_size": MAX_LINE_BYTES,
    # The statements of an answer stay as they are written.
    "input_format_json_read_objects_as_strings": 1,
    "input_format_skip_unknown_fields": 1,
    # Row numbers must be those of the file, and a file without the column must fail, not come out as NULL.
    "input_format_parquet_preserve_order": 1,
    "input_format_parquet_allow_missing_columns": 0,
    "input_format_parquet_memory_high_watermark": 256 << 20,
    # Lines without an end, in two threads, took the engine's process to 2.3 GB with 1.5 GB here; it stays under 1.5 GB
    # with this. A line of up to 256 MiB is refused as too long, a longer one fails its object.
    "max_memory_usage": 800_000_000,
    "max_execution_time": MAX_LAND_SECONDS,
    # A lake that answers errors: ClickHouse gives up after 1 s instead of 14 s, on one that is silent after a minute.
    # Who tries again is the load, with minutes and hours between (see `entries.RETRY_AFTER_SECONDS`); a batch with bad
    # objects is cut up into many attempts, each of which pays this.
    "s3_retry_attempts": 2,
    "s3_max_single_read_retries": 3,
    "s3_request_timeout_ms": 10_000,
    # The default buffers small inserts and reports success before they are on disk.
    "async_insert": 0,
}


@dataclass(frozen=True)
class _Reading:
    """How ClickHouse reads a form: the arguments of `s3()` after the address, and what of it makes the rows."""

    arguments: str
    line: str = "found.line"
    number: str = "found._row_number + 1"
    is_missing: str = "false"
    rows: str = "{source} as found"


_PLACE_OF_ANSWER = """
{source} as found
any left join (
    select
        _path as first_path,
        _row_number as first_row,
        sum(length(statements)) over (
            partition by _path order by _row_number rows between unbounded preceding and 1 preceding
        ) as statements_before
    from {source}
) as earlier on earlier.first_path = found._path and earlier.first_row = found._row_number
array join found.statements as statement, arrayEnumerate(found.statements) as place
"""
"""The statements of all answers of an object, which is read twice: first to count those of the answers before."""

_READINGS = {
    LINES: _Reading("'LineAsString', 'line String'"),
    DOCUMENT: _Reading("'JSONAsString', 'line String'"),
    ANSWERS: _Reading(
        "'JSONEachRow', 'statements Array(String), more String'",
        line="statement",
        number="earlier.statements_before + place",
        rows=_PLACE_OF_ANSWER,
    ),
    PARQUET: _Reading(
        "'Parquet', 'statement Nullable(String)'",
        line="ifNull(found.statement, '')",
        is_missing="isNull(found.statement)",
    ),
}

BLANK_LINE = f"^\\x{{FEFF}}?[{BLANKS}]*$"
_BLANK = "blank"
_IS_WRAPPED = """
        arrayFirst(
            key -> has({{wrappers:Array(String)}}, key)
                and (match(JSONExtractRaw({line}, key), {{wrapped:String}})
                    or (key = 'statements' and JSONType({line}, key) = 'Array')),
            JSONExtractKeys({line})
        )"""
# A verb says at one look that a line is an object, and no other around a statement: the rest is asked of few.
_JUDGED_AS_STATEMENT = """
        JSONType({line}, 'verb') = 'Object', '',
        JSONType({line}) = 'Object' and hasAny(JSONExtractKeys({line}), {{statement_keys:Array(String)}}), '',
        JSONType({line}) = 'Object', transform({wrapper}, {{wrappers:Array(String)}}, {{wrappings:Array(String)}}, ''),
"""
_JUDGED_AS_OBJECT = """
        JSONType({line}) = 'Object', '',
"""

# A line that simdjson parses is valid UTF-8 as well, so a good line is looked at once: 7 % less CPU than testing first.
# Of a line that names someone who was erased nothing is kept, but of a document read as lines the sign by which it is
# known as one: it will be read again, statement by statement.
_LAND = """
insert into {table}
    (load_id, object_id, object_key, source, line_number, line, reject, delivered_at, loaded_at)
select
    {{load_id:String}},
    if(trim(both '"' from read.etag) in (planned.planned_etag, ''), planned.planned_id, ''),
    if(planned.planned_id = '', read.path, planned.planned_key),
    planned.planned_source,
    read.number,
    multiIf(
        {is_expired} or read.is_erased and read.why = '', '',
        read.is_erased, extract(read.line, '^[^{{}}\\[\\]]{{0,8}}[{{\\[]'),
        length(read.line) > {max_line}, toValidUTF8(substring(read.line, 1, {kept_head})),
        read.line
    ),
    multiIf({is_expired}, '{expired}', read.is_erased and read.why = '', '{erased}', read.why),
    planned.planned_last_modified,
    now64(3, 'UTC')
from (
    select
        found._path as path,
        found._etag as etag,
        {number} as number,
        {line} as line,
        multiIf(
        {is_missing}, 'null_statement',
        length({line}) > {max_line}, 'too_long',{judged}
        {is_blank}, '{blank}',
        not isValidUTF8({line}), 'invalid_utf8',
        isValidJSON({line}), 'not_object',
        'not_json'
        ) as why,
        {is_erased} as is_erased
    from {rows}
    where why != '{blank}'
) as read
any left join (
    select
        concat(bucket, '/', object_key) as planned_path,
        object_id as planned_id,
        object_key as planned_key,
        source as planned_source,
        etag as planned_etag,
        last_modified as planned_last_modified
    from ops.load_plan
    where load_id = {{load_id:String}}
) as planned on planned.planned_path = read.path
"""


def land(client: Client, settings: Settings, load_id: str, batch: list[Drop]) -> None:
    """Read the batch, which is of one kind, form and packing, into its raw table under the load_id.

    An object whose etag is no longer the planned one gets no object_id: the audit reports it, nothing is lost.
    """
    # Objects are read in the order of their names here. In the order of the table no block has to be sorted: 20 % of
    # the CPU of the whole statement.
    keys = [drop.key for drop in sorted(batch, key=lambda drop: drop.object_id)]
    source, parameters = lake_source(settings.lake, keys, batch[0].form, batch[0].packing)
    reading = _READINGS[batch[0].form]
    judged = _JUDGED_AS_STATEMENT if has_statements(batch[0].kind) else _JUDGED_AS_OBJECT
    client.command(
        _LAND.format(
            table=batch[0].table,
            rows=reading.rows.format(source=source),
            line=reading.line,
            number=reading.number,
            is_missing=reading.is_missing,
            is_blank=f"match({reading.line}, {{blank:String}})" if batch[0].form == LINES else "false",
            judged=judged.format(line=reading.line, wrapper=_IS_WRAPPED.format(line=reading.line)),
            blank=_BLANK,
            max_line=MAX_LINE_BYTES,
            kept_head=KEPT_HEAD_BYTES,
            is_erased=names_erased(reading.line) if is_anyone_erased(client) else "false",
            erased=ERASED,
            is_expired=is_expired(batch[0].kind, "planned.planned_last_modified"),
            expired=EXPIRED,
        ),
        parameters={
            "load_id": load_id,
            "blank": BLANK_LINE,
            "wrapped": WRAPPED_ACTOR,
            "wrappers": list(WRAPPERS),
            "wrappings": [wrapping_reason(key) for key in WRAPPERS],
            "statement_keys": list(STATEMENT_KEYS),
            **parameters,
        },
        settings=LAND_SETTINGS,
    )


def lake_source(
    lake: LakeSettings, keys: list[str], form: str = LINES, packing: str = ""
) -> tuple[str, dict[str, str]]:
    """The `s3()` call for these keys, and its parameters: credentials never stand in the text of a query."""
    quoted = [quote(key, safe="/") for key in keys]
    pattern = quoted[0] if len(quoted) == 1 else "{" + ",".join(quoted) + "}"
    arguments = [f"'{lake_url(lake)}/{pattern}'"]
    parameters: dict[str, str] = {}
    if lake.access_key_id:
        arguments += ["{lake_key:String}", "{lake_secret:String}"]
        parameters = {"lake_key": lake.access_key_id, "lake_secret": lake.secret_access_key}
        if lake.session_token:
            arguments.append("{lake_token:String}")
            parameters["lake_token"] = lake.session_token
    arguments += [_READINGS[form].arguments, *([f"'{packing}'"] if packing else [])]
    return f"s3({', '.join(arguments)})", parameters


def lake_url(lake: LakeSettings) -> str:
    """The bucket's address in path style."""
    endpoint = lake.endpoint_url.rstrip("/") or f"https://s3.{lake.region}.amazonaws.com"
    return f"{endpoint}/{lake.bucket}"
