"""Step 3, land: one INSERT … SELECT from the lake per batch, inside ClickHouse; no line passes through Python.

Each row is stamped from the plan by the path it was read from. A bad line is a reason on its row, never an error and
never a second write. Rows of an attempt that is never committed are invisible to every reader.
"""

from dataclasses import dataclass
from urllib.parse import quote

from clickhouse_connect.driver.client import Client

from orchestration.contract.lines import MAX_LINE_BYTES
from orchestration.loading.lake.objects import DOCUMENT, LINES, PARQUET, Drop
from orchestration.settings import Lake as LakeSettings
from orchestration.settings import Settings

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
    """How ClickHouse reads a form: the arguments of `s3()` after the address, and the line of one row."""

    arguments: str
    line: str = "found.line"
    is_missing: str = "false"


_READINGS = {
    LINES: _Reading("'LineAsString', 'line String'"),
    DOCUMENT: _Reading("'JSONAsString', 'line String'"),
    PARQUET: _Reading(
        "'Parquet', 'statement Nullable(String)'", "ifNull(found.statement, '')", "isNull(found.statement)"
    ),
}

# A line that simdjson parses is valid UTF-8 as well, so a good line is looked at once: 7 % less CPU than testing first.
_LAND = """
insert into {table}
    (load_id, object_id, object_key, source, line_number, line, reject, delivered_at, loaded_at)
select
    {{load_id:String}},
    if(trim(both '"' from found._etag) in (planned.planned_etag, ''), planned.planned_id, ''),
    if(planned.planned_id = '', found._path, planned.planned_key),
    planned.planned_source,
    found._row_number + 1,
    if(length({line}) > {max_line}, toValidUTF8(substring({line}, 1, {kept_head})), {line}),
    multiIf(
        {is_missing}, 'null_statement',
        length({line}) > {max_line}, 'too_long',
        JSONType({line}) = 'Object', '',
        not isValidUTF8({line}), 'invalid_utf8',
        isValidJSON({line}), 'not_object',
        'not_json'
    ),
    planned.planned_last_modified,
    now64(3, 'UTC')
from {source} as found
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
) as planned on planned.planned_path = found._path
"""


def land(client: Client, settings: Settings, load_id: str, batch: list[Drop]) -> None:
    """Read the batch, which is of one kind and one form, into its raw table under the load_id.

    An object whose etag is no longer the planned one gets no object_id: the audit reports it, nothing is lost.
    """
    form = batch[0].form
    # Objects are read in the order of their names here. In the order of the table no block has to be sorted: 20 % of
    # the CPU of the whole statement.
    keys = [drop.key for drop in sorted(batch, key=lambda drop: drop.object_id)]
    source, parameters = lake_source(settings.lake, keys, form)
    client.command(
        _LAND.format(
            table=batch[0].table,
            source=source,
            line=_READINGS[form].line,
            is_missing=_READINGS[form].is_missing,
            max_line=MAX_LINE_BYTES,
            kept_head=KEPT_HEAD_BYTES,
        ),
        parameters={"load_id": load_id, **parameters},
        settings=LAND_SETTINGS,
    )


def lake_source(lake: LakeSettings, keys: list[str], form: str = LINES) -> tuple[str, dict[str, str]]:
    """The `s3()` call for these keys, and its parameters: credentials never stand in the text of a query."""
    quoted = [quote(key, safe="/") for key in keys]
    pattern = quoted[0] if len(quoted) == 1 else "{" + ",".join(quoted) + "}"
    arguments = [f"'{lake_url(lake)}/{pattern}'"]
    parameters: dict[str, str] = {}
    if lake.access_key_id:
        arguments += ["{lake_key:String}", "{lake_secret:String}"]
        parameters = {"lake_key": lake.access_key_id, "lake_secret": lake.secret_access_key}
    return f"s3({', '.join(arguments)}, {_READINGS[form].arguments})", parameters


def lake_url(lake: LakeSettings) -> str:
    """The bucket's address in path style."""
    endpoint = lake.endpoint_url.rstrip("/") or f"https://s3.{lake.region}.amazonaws.com"
    return f"{endpoint}/{lake.bucket}"
