"""What is held about a person, for that person: their lines as they came, and their rows of the marts."""

import json
from collections.abc import Iterator
from pathlib import Path

from clickhouse_connect.driver.client import Client

from orchestration.erasure.holdings import lines, wanted
from orchestration.erasure.person import Person, PersonError
from orchestration.loading.errors import WarehouseError

_READ_ME = """What this warehouse holds about you
===================================

lines.ndjson    every line that names you, as it was delivered, with the object and the number of the line it came from.
                A line that was delivered several times stands here several times.
marts/          what was worked out from them, one file for each table, one row a line. The columns are described in the
                warehouse's documentation. learner_id is the pseudonym under which you are kept there.
ops/            contacts with you and scores that were recorded.

Not in here: figures about groups, in which you are counted and cannot be told from others.
"""


def export(client: Client, person: Person, folder: Path) -> dict[str, int]:
    """Write it all into a new folder; file → lines. Raises PersonError when there is nothing."""
    with wanted(client, person):
        files = {"lines.ndjson": list(_lines(client))}
    for table in _tables(client):
        files[f"{table.replace('.', '/')}.ndjson"] = _rows(client, table, sorted(person.learner_ids))
    counts = {name: len(rows) for name, rows in files.items() if rows}
    if not counts:
        raise PersonError("No such person is known here: no line and no row has the identifier.")
    _create(folder)
    (folder / "README.txt").write_text(_READ_ME)
    for name in counts:
        path = folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text("".join(f"{row}\n" for row in files[name]))
    return counts


def _create(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise WarehouseError(f"{folder} exists. Name a new folder with --to, so that nothing is mixed.") from None


def _lines(client: Client) -> Iterator[str]:
    for kind, key, number, line in lines(client, is_live=True):
        yield json.dumps({"kind": kind, "object": key, "line": number, "text": line}, ensure_ascii=False)


def _tables(client: Client) -> list[str]:
    """Tables of marts, and of what people and models recorded, with a row for each learner."""
    rows = client.query(
        """
        select concat(columns.database, '.', columns.table)
        from system.columns as columns
        inner join system.tables as tables on tables.database = columns.database and tables.name = columns.table
        where columns.name = 'learner_id' and tables.engine not like '%View%'
            and (columns.database = 'ops' or columns.database = 'marts' or endsWith(columns.database, '_marts'))
        order by 1
        """
    ).result_rows
    return [row[0] for row in rows]


def _rows(client: Client, table: str, learner_ids: list[str]) -> list[str]:
    text = client.raw_query(
        f"select * from {table} where learner_id in {{learners:Array(String)}}",
        parameters={"learners": learner_ids},
        fmt="JSONEachRow",
        settings={"output_format_json_quote_64bit_integers": 0, "date_time_output_format": "iso"},
    )
    return text.decode().splitlines()
