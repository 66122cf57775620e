"""`warehouse sql`: one statement, shown as a table or written as JSON or CSV."""

import re
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import islice

from rich.table import Table

from orchestration.commands.display import output, print_note
from orchestration.commands.errors import CommandError
from orchestration.commands.opened import opened_warehouse

SHOWN_ROWS = 100
CELL_WIDTH = 60
READ_ONLY = {"readonly": 2}
"""2 and not 1: a client has to be able to set the format and its own limits. Nothing can be written under either."""
_COMMENTS = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
_WRITES = re.compile(
    r"(alter|attach|backup|create|delete|detach|drop|exchange|grant|insert|kill|move|optimize|rename|replace|restore"
    r"|revoke|set|system|truncate|undrop|update|use)"
)


class Format(StrEnum):
    """How the answer is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


_STREAMED = {Format.JSON: ("JSONEachRow", {"output_format_json_array_of_rows": 1}), Format.CSV: ("CSVWithNames", {})}


def run_sql(statement: str, answer_format: Format, is_writing: bool) -> None:
    """Run the statement; without `is_writing` it can change nothing."""
    statement = statement.strip().rstrip(";").strip()
    if not statement:
        raise CommandError('The statement is empty. Give one in quotes: warehouse sql "select count() from …"')
    if not is_writing and not is_read(statement):
        raise CommandError(
            f"'{first_word(statement)}' may change data, and this connection only reads. Add --write if you mean it."
        )
    with opened_warehouse() as warehouse:
        client = warehouse.connect()
        settings = {} if is_writing else READ_ONLY
        if not is_read(statement):
            client.command(statement)
            print_note("Done.")
        elif answer_format is Format.TABLE:
            _show(client, statement, settings)
        else:
            name, format_settings = _STREAMED[answer_format]
            _stream(client, statement, name, settings | format_settings)


def first_word(statement: str) -> str:
    rest = statement[_COMMENTS.match(statement).end() :]
    return "(" if rest.startswith("(") else re.split(r"[\s(;]", rest, maxsplit=1)[0].lower()


def is_read(statement: str) -> bool:
    """Whether the statement seems to ask for rows. What keeps data safe is the engine's own read-only mode."""
    return not _WRITES.fullmatch(first_word(statement))


def _show(client, statement: str, settings: dict) -> None:
    with client.query_rows_stream(statement, settings=settings) as rows:
        names = rows.source.column_names
        first = list(islice(rows, SHOWN_ROWS + 1))
    output().print(table_of(names, first[:SHOWN_ROWS]))
    if len(first) > SHOWN_ROWS:
        print_note(f"The first {SHOWN_ROWS} rows; --format csv or --format json writes all of them.")


def table_of(names: Sequence[str], rows: Iterable[Sequence]) -> Table:
    """Numbers to the right; long texts cut."""
    rows = list(rows)
    table = Table(header_style="bold")
    for position, name in enumerate(names):
        is_number = any(isinstance(row[position], (int, float)) for row in rows)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell_text(value) for value in row))
    return table


def cell_text(value: object) -> str:
    """A value as a cell: nothing for NULL, at most CELL_WIDTH characters, no markup."""
    from rich.markup import escape

    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    return escape(text if len(text) <= CELL_WIDTH else text[: CELL_WIDTH - 1] + "…")


def _stream(client, statement: str, format_name: str, settings: dict) -> None:
    """Bytes from ClickHouse to standard output as they come: memory does not grow with the answer."""
    sys.stdout.flush()
    target = sys.stdout.buffer
    with client.raw_stream(statement, fmt=format_name, settings=settings) as answer:
        while chunk := answer.read(1 << 16):
            target.write(chunk)
    target.flush()
