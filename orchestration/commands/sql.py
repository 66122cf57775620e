"""`warehouse sql`: one statement, shown as a table or written as JSON or CSV."""

import re
import sys
from enum import StrEnum
from itertools import islice

from orchestration.commands.context import open_warehouse
from orchestration.commands.display import output, print_note
from orchestration.commands.errors import CommandError
from orchestration.commands.rows_display import show_rows

SHOWN_ROWS = 100
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
    with open_warehouse() as warehouse:
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
    show_rows(output(), names, first[:SHOWN_ROWS])
    if len(first) > SHOWN_ROWS:
        print_note(f"The first {SHOWN_ROWS} rows; --format csv or --format json writes all of them.")


def _stream(client, statement: str, format_name: str, settings: dict) -> None:
    """Bytes from ClickHouse to standard output as they come: memory does not grow with the answer."""
    sys.stdout.flush()
    target = sys.stdout.buffer
    with client.raw_stream(statement, fmt=format_name, settings=settings) as answer:
        while chunk := answer.read(1 << 16):
            target.write(chunk)
    target.flush()
