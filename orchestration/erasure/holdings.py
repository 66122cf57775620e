"""Where the tables of the engine have a person.

What is looked for never stands in a query: it is inserted as data into tables in memory, which leave nothing on a disk
and nothing in a log, and the queries read it there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from orchestration.erasure.person import Person
from orchestration.loading.lake.objects import RAW_TABLES
from orchestration.loading.ledger.entries import insert_rows
from orchestration.loading.ledger.erased import hashed, names_erased
from orchestration.loading.ledger.tables import DATABASES

WANTED, WANTED_IDENTITIES = "ops.erasure_wanted", "ops.erasure_wanted_identities"
"""In memory: the pattern of the person at work, and the hashes of their identities."""
KEPT_TABLES = frozenset(
    f"ops.{name}"
    for name in (
        *("keys", "erased_identities", "erasure_steps", "erasure_objects", "erasure_wanted"),
        *("load_plan", "load_commits", "load_gates", "load_revocations", "builds"),
    )
)
"""Without a row of these the ledger is wrong. They hold keys of objects and counts, and no line."""
KEPT_COLUMNS = frozenset({"object_key", "bucket", "etag", "request_id"})
"""A key that holds an identifier is for a person to change: the rows that name it are other people's as well."""
_PATTERN = f"assumeNotNull((select any(pattern) from {WANTED}))"
READING = {"max_threads": 2}


@dataclass(frozen=True)
class SearchedTable:
    """A table that could hold a person, and the condition under which a row does."""

    name: str
    condition: str
    is_kept: bool


@contextmanager
def wanted(client: Client, person: Person) -> Iterator[None]:
    """For the length of a block, queries can ask for this person."""
    _forget_wanted(client)
    client.command(f"create table {WANTED} (pattern String) engine = Memory")
    client.command(f"create table {WANTED_IDENTITIES} (identity_hash String, bucket UInt16) engine = Memory")
    try:
        insert_rows(client, "erasure_wanted", ("pattern",), [(person.pattern().decode(),)])
        rows = hashed(client, person.identities)
        insert_rows(client, "erasure_wanted_identities", ("identity_hash", "bucket"), rows)
        yield
    finally:
        _forget_wanted(client)


def _forget_wanted(client: Client) -> None:
    for table in (WANTED, WANTED_IDENTITIES):
        client.command(f"drop table if exists {table} sync")


def tables(client: Client) -> list[SearchedTable]:
    """Every table of the warehouse that stores text."""
    rows = client.query(
        """
        select concat(columns.database, '.', columns.table), groupArray((columns.name, columns.type))
        from system.columns as columns
        inner join system.tables as tables
            on tables.database = columns.database and tables.name = columns.table
        where columns.type like '%String%' and tables.engine like '%MergeTree%'
            and arrayExists(
                name -> columns.database = name or endsWith(columns.database, concat('_', name)),
                {databases:Array(String)})
        group by 1
        order by 1
        """,
        parameters={"databases": list(DATABASES)},
    ).result_rows
    return [_table(name, [column for column in columns if column[0] not in KEPT_COLUMNS]) for name, columns in rows]


def _table(name: str, columns: list[tuple[str, str]]) -> SearchedTable:
    is_raw = name in RAW_TABLES.values()
    conditions = [names_erased("line", WANTED_IDENTITIES)] if is_raw else []
    conditions += [f"match({_text(*column)}, {_PATTERN})" for column in columns]
    quoted = ".".join(f"`{part}`" for part in name.split("."))
    return SearchedTable(quoted, " or ".join(conditions) or "false", name in KEPT_TABLES)


def _text(name: str, kind: str) -> str:
    if kind == "String":
        return f"`{name}`"
    return f"toString(`{name}`)" if "Nullable" not in kind else f"ifNull(toString(`{name}`), '')"


def count(client: Client, table: SearchedTable) -> int:
    """How many rows have the person; asked while `wanted`."""
    return client.query(f"select count() from {table.name} where {table.condition}", settings=READING).result_rows[0][0]


def holdings(client: Client) -> dict[str, int]:
    """Table → rows that have the person; only those that have any."""
    counts = {table.name.replace("`", ""): count(client, table) for table in tables(client)}
    return {name: rows for name, rows in counts.items() if rows}


def lines_by_object(client: Client) -> list[tuple[str, str, str, str, int]]:
    """(kind, load_id, object_id, object_key, lines) of all attempts whose lines name the person."""
    result = []
    for kind, table in RAW_TABLES.items():
        rows = client.query(
            f"select load_id, object_id, any(object_key), count() from {table} where {_names_them()} "
            "group by load_id, object_id order by load_id, object_id",
            settings=READING,
        ).result_rows
        result += [(kind, *row) for row in rows]
    return result


def lines(client: Client, is_live: bool = False) -> Iterator[tuple[str, str, int, str]]:
    """(kind, object_key, line_number, line) of the raw lines that name the person: all, or those that readers see."""
    live = " and (load_id, object_id) in (select load_id, object_id from ops.live_objects)" if is_live else ""
    for kind, table in RAW_TABLES.items():
        rows = client.query(
            f"select object_key, line_number, line from {table} where ({_names_them()}){live} "
            "order by object_key, line_number",
            settings=READING,
        ).result_rows
        yield from ((kind, *row) for row in rows)


def _names_them() -> str:
    return f"{names_erased('line', WANTED_IDENTITIES)} or match(line, {_PATTERN})"
