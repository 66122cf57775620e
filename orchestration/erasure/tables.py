"""What is left of a person in the engine, removed from its disk.

A mutation rewrites the parts that have the person. The former parts stay beside them for minutes, and so do rows that
were only masked as deleted and tables that were dropped. So the table is then cloned (hard links to its active parts),
exchanged with the clone in one rename, and dropped at once with everything that lay in its folder. Readers see the same
table throughout. Who calls this holds the turns to load and to build.
"""

import time
from collections.abc import Callable

from clickhouse_connect.driver.client import Client

from orchestration.erasure.holdings import SearchedTable, count, lines_by_object, tables
from orchestration.loading.errors import WarehouseError
from orchestration.loading.ledger.revoke import revoke

DROPPED_SECONDS = 900.0
"""A server removes what was dropped after `database_atomic_delay_before_drop_table_sec`, eight minutes unless set."""
_IN_TURN = {"mutations_sync": 2}
_CLONE = "__erasing"


def revoke_overtaken(client: Client, request_id: str) -> int:
    """Revoke the commits whose lines name the person and which are not live any more; returns how many."""
    named = [(load_id, object_id) for _, load_id, object_id, _, _ in lines_by_object(client)]
    if not named:
        return 0
    parameters = {"load_ids": [one for one, _ in named], "object_ids": [one for _, one in named]}
    pairs = client.query(
        """
        select distinct load_id, object_id
        from ops.standing_commits
        where (load_id, object_id) in (
                select tupleElement(pair, 1), tupleElement(pair, 2)
                from (select arrayJoin(arrayZip({load_ids:Array(String)}, {object_ids:Array(String)})) as pair)
            )
            and (load_id, object_id) not in (select load_id, object_id from ops.live_objects)
        """,
        parameters=parameters,
    ).result_rows
    return revoke(client, pairs, "erased", f"Erasure {request_id}: a version without some lines took its place.")


def remove(client: Client, on_table: Callable[[str], None] = lambda name: None) -> dict[str, int]:
    """Remove every row that has the person, and all bytes of rows that are no longer there; rows by table.

    Doing it twice, or again after a kill anywhere, ends in the same.
    """
    _drop_clones(client)
    removed = {}
    for table in tables(client):
        name = table.name.replace("`", "")
        on_table(name)
        rows = 0 if table.is_kept else count(client, table)
        if rows:
            client.command(f"alter table {table.name} delete where {table.condition}", settings=_IN_TURN)
            removed[name] = rows
        if _has_leftovers(client, name):
            _renew(client, table)
    _wait_for_dropped(client)
    return removed


def renew_all(client: Client) -> None:
    """Remove former parts, masked rows and dropped tables of the whole warehouse from the disk."""
    _drop_clones(client)
    for table in tables(client):
        if _has_leftovers(client, table.name.replace("`", "")):
            _renew(client, table)
    _wait_for_dropped(client)


def _has_leftovers(client: Client, name: str) -> bool:
    """Whether the folder of the table has more than its rows: former parts, or masked rows."""
    database, _, table = name.partition(".")
    return bool(
        client.query(
            "select 1 from system.parts where database = {database:String} and table = {table:String} "
            "and (not active or has_lightweight_delete) limit 1",
            parameters={"database": database, "table": table},
        ).result_rows
    )


def _renew(client: Client, table: SearchedTable) -> None:
    client.command(f"alter table {table.name} apply deleted mask", settings=_IN_TURN)
    clone = table.name[:-1] + f"{_CLONE}`"
    client.command(f"create table {clone} clone as {table.name}")
    client.command(f"exchange tables {clone} and {table.name}")
    client.command(f"drop table {clone} sync", settings={"max_table_size_to_drop": 0})


def _drop_clones(client: Client) -> None:
    """Clones that a kill left: either a copy, or, after the exchange, what was to be dropped."""
    rows = client.query(
        "select concat('`', database, '`.`', name, '`') from system.tables where endsWith(name, {clone:String})",
        parameters={"clone": _CLONE},
    ).result_rows
    for (name,) in rows:
        client.command(f"drop table {name} sync", settings={"max_table_size_to_drop": 0})


def _wait_for_dropped(client: Client) -> None:
    """Tables dropped before, by builds for instance, lie on the disk until the engine clears them away."""
    deadline = time.monotonic() + DROPPED_SECONDS
    while names := client.query("select concat(database, '.', table) from system.dropped_tables").result_rows:
        if time.monotonic() > deadline:
            raise WarehouseError(
                f"The engine still keeps {len(names)} dropped tables on its disk after {DROPPED_SECONDS:,.0f} s "
                f"({names[0][0]} first). Run the erasure again later: it goes on from here."
            )
        time.sleep(0.5)
