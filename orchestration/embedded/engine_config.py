"""The configuration under which chDB opens a home: caps for a laptop, and what a reader may see.

chDB runs every statement as one user, `default`. Only the endpoint checks its password: the engine takes any, since
dbt writes the endpoint's into dictionaries over the engine's own tables. That user has two roles: `everything`, under
which admin connections run, and `reading`, which a reader's connections take before they see a statement and cannot
leave again. A reader's connections also have a profile that pins every setting which readers must not change. The
engine does not look at settings inside subqueries, so `reader_rules` checks them too.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from orchestration.embedded.reader_lists import judged

MIB = 1 << 20
# The engine runs beside dbt, Dagster and a browser, and all of them together must stay below 4 GB.
ENGINE_MEMORY_BYTES = 1_800 * MIB
QUERY_MEMORY_BYTES = 1_400 * MIB
SPILL_BYTES = 500 * MIB
QUERY_THREADS = 2

ADMIN_ROLE = "everything"
READER_ROLE = "reading"
READER_PROFILE = "reader"
# Not `default`: there, chDB reads any name as the path of a file.
READER_DATABASES = ("marts",)
READER_MAX_EXECUTION_SECONDS = 300
# The lowest and the highest value a reader may give to a limit. Where the engine's default is 0, without limit, any
# number is a limit downwards.
READER_LIMITS: Mapping[str, tuple[int, int | None]] = {
    "max_execution_time": (1, READER_MAX_EXECUTION_SECONDS),
    "max_memory_usage": (1, QUERY_MEMORY_BYTES),
    "max_threads": (1, QUERY_THREADS),
    "max_block_size": (1, 65_536),
} | dict.fromkeys(
    (
        *("max_result_rows", "max_result_bytes", "max_rows_to_read", "max_bytes_to_read", "max_rows_to_read_leaf"),
        *("max_bytes_to_read_leaf", "max_rows_to_group_by", "max_rows_to_sort", "max_bytes_to_sort"),
        *("max_rows_in_set", "max_bytes_in_set", "max_rows_in_join", "max_bytes_in_join", "max_rows_in_distinct"),
        *("max_bytes_in_distinct", "max_columns_to_read", "max_estimated_execution_time"),
    ),
    (0, None),
)
# Refused to readers, and yet not pinned: the endpoint itself sets them on a reader's connection.
UNPINNED_SETTINGS = {"readonly", "database", "default_format"}

# Set on every connection: chDB takes no defaults from a profile.
ADMIN_SETTINGS = {
    "max_memory_usage": str(QUERY_MEMORY_BYTES),
    # With less than 1 GiB free for each the engine would take one thread; more than two do not fit into the caps.
    "max_threads": str(QUERY_THREADS),
    "max_threads_min_free_memory_per_thread": "0",
    "max_bytes_before_external_group_by": str(SPILL_BYTES),
    "max_bytes_before_external_sort": str(SPILL_BYTES),
    # The lake lists an ETag bare and sends it quoted, which the engine takes for an object replaced while being read.
    "s3_validate_etag_on_read": "0",
    # A lake on this machine answers at once or not at all; 500 tries, the default, take minutes to say so.
    "s3_retry_attempts": "7",
    # After a join that filtered at run time, the cache says "no rows match" for conditions of other queries, which then
    # silently miss rows (chDB 26.9.2).
    "use_query_condition_cache": "0",
    # chDB would read any word as a SELECT of that word; a server calls it a syntax error.
    "implicit_select": "0",
}
READER_SETTINGS = ADMIN_SETTINGS | {
    "max_execution_time": str(READER_MAX_EXECUTION_SECONDS),
    # Also the limit for the tree by which a statement is judged, which is up to 40 times as long: a list of 100,000
    # numbers passes. A server takes 256 KiB of text.
    "max_query_size": str(8 * MIB),
}


def write_engine_config(folder: Path) -> Path:
    """Writes the engine's configuration and its users into `folder`; returns the path of the configuration."""
    users, config = folder / "users.xml", folder / "engine.xml"
    users.write_text(_users())
    config.write_text(
        "<clickhouse>\n"
        f"    <max_server_memory_usage>{ENGINE_MEMORY_BYTES}</max_server_memory_usage>\n"
        f"    <mark_cache_size>{64 * MIB}</mark_cache_size>\n"
        "    <uncompressed_cache_size>0</uncompressed_cache_size>\n"
        f"    <compiled_expression_cache_size>{32 * MIB}</compiled_expression_cache_size>\n"
        f"    <query_cache><max_size_in_bytes>{32 * MIB}</max_size_in_bytes></query_cache>\n"
        # What is dropped is gone from the disk at once, not after eight minutes: an erasure waits for it.
        "    <database_atomic_delay_before_drop_table_sec>0</database_atomic_delay_before_drop_table_sec>\n"
        f"    <tmp_path>{escape(str(folder))}/</tmp_path>\n"
        f"    <user_directories><users_xml><path>{escape(str(users))}</path></users_xml></user_directories>\n"
        "</clickhouse>\n"
    )
    return config


def _users() -> str:
    grants = "".join(f"<query>GRANT SELECT ON {database}.*</query>" for database in READER_DATABASES)
    grants += "<query>GRANT SHOW DATABASES ON default.*</query>"  # to go back there after a request
    return f"""<clickhouse>
    <profiles>
        <default/>
        <{READER_PROFILE}>
            <constraints>{"".join(_reader_constraints())}</constraints>
        </{READER_PROFILE}>
    </profiles>
    <roles>
        <{ADMIN_ROLE}><grants><query>GRANT ALL ON *.* WITH GRANT OPTION</query></grants></{ADMIN_ROLE}>
        <{READER_ROLE}><grants>{grants}</grants></{READER_ROLE}>
    </roles>
    <users>
        <default>
            <no_password/>
            <networks><ip>::/0</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
            <grants><query>GRANT {ADMIN_ROLE}, {READER_ROLE}</query></grants>
        </default>
    </users>
    <quotas><default/></quotas>
</clickhouse>
"""


def _reader_constraints() -> Iterator[str]:
    for name, verdict in judged("settings").items():
        if verdict.verdict == "refused" and name not in UNPINNED_SETTINGS:
            yield f"<{name}><const/></{name}>"
    for name, (lowest, highest) in READER_LIMITS.items():
        yield f"<{name}><min>{lowest}</min>{f'<max>{highest}</max>' if highest is not None else ''}</{name}>"
