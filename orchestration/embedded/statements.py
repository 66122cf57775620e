"""Reading just enough of a statement to run it over HTTP.

The engine parses SQL; this module only finds where things are: the first keyword, a trailing FORMAT, where the data
of an INSERT begins. It works on bytes, since the data behind an INSERT need not be text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, pairwise, takewhile

from orchestration.embedded.errors import EngineError

_SPACE = rb"\s+ | --[^\n]*(?:\n|$) | \#[!\ ][^\n]*(?:\n|$) | /\*.*?\*/"
_QUOTED = rb"""
    '[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'
    | `[^`\\]*+(?:(?:\\.|``)[^`\\]*+)*+` | "[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+"
    | \xe2\x80\x98.*?\xe2\x80\x99 | \xe2\x80\x9c.*?\xe2\x80\x9d  # typographic quotes
    | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
    """
# CommandContext and never closed: looked at once.
_BROKEN = rb"""(?: ['`"] | /\* | \xe2\x80[\x98\x9c] | \$\w*\$ ).*"""
_WORD = rb"[A-Za-z_][A-Za-z0-9_$]*"
_NUMBER = rb"[0-9][A-Za-z0-9_.]*"
TOKEN = re.compile(
    rb"(?P<space> %b ) | (?P<quoted> %b ) | (?P<broken> %b ) | (?P<word> %b ) | (?P<number> %b ) | (?P<other> . )"
    % (_SPACE, _QUOTED, _BROKEN, _WORD, _NUMBER),
    re.DOTALL | re.VERBOSE,
)
# A whole text in one match: a model of staging has eleven thousand tokens, and dbt sends it several times.
UP_TO_LAST = re.compile(
    rb"(?: (?: %b | ; )*+ (?P<last> %b | %b | %b | %b | . ) )*+" % (_SPACE, _QUOTED, _BROKEN, _WORD, _NUMBER),
    re.DOTALL | re.VERBOSE,
)
FORMAT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
INPUT_CALL = re.compile(rb"\binput\s*\(", re.IGNORECASE)
KILLING = re.compile(r"KILL QUERY WHERE query_id = '([^'\\\n]*)' (?:SYNC|ASYNC)")
QUERY_STARTS = (b"SELECT", b"WITH", b"FROM")
SELECT_STARTS = {b"SELECT", b"WITH", b"FROM", b"("}
MAX_HEADER_BYTES = 1 << 20
# A last line without a comment that ends in FORMAT and a name, as drivers write it.
_FORMAT_LINE = re.compile(rb"(?i)(?:(?!--)[^#])*?(?P<clause>(?<!\S)FORMAT)[ \t]+(?P<name>[a-z][a-z0-9_]*)\Z")
_FORMAT = re.compile(rb"(?i)FORMAT(?![\w$(),.=])")


@dataclass(frozen=True)
class Token:
    """One significant token: its bytes, its place, and how many brackets are open around it."""

    text: bytes
    kind: str
    start: int
    end: int
    depth: int

    @property
    def keyword(self) -> bytes:
        return self.text.upper() if self.kind in ("word", "other") else b""


@dataclass(frozen=True)
class InlineInsert:
    """An INSERT whose rows follow it: the parts of the statement, and where the rows begin.

    With `is_query` the rows are what `input()` gives to the query in `header`.
    """

    header: bytes
    settings: bytes
    format: str
    data_start: int
    is_query: bool = False


def tokens(sql: bytes) -> Iterator[Token]:
    """Significant tokens; comments and spaces are left out."""
    depth = 0
    for match in TOKEN.finditer(sql):
        kind = match.lastgroup
        if kind == "space":
            continue
        text = match.group()
        if text in (b")", b"]", b"}"):
            depth -= 1
        yield Token(text, kind or "other", match.start(), match.end(), depth)
        if text in (b"(", b"[", b"{"):
            depth += 1


def _may_have(sql: bytes, *words: bytes) -> bool:
    """Whether the text has one of the words, in capitals here, somewhere: only then its tokens are worth reading."""
    capitals = sql.upper()
    return any(word in capitals for word in words)


def first_keyword(sql: bytes) -> bytes:
    """The word that decides what kind of statement this is, in capitals; empty without one."""
    return next((token.keyword for token in tokens(sql[:MAX_HEADER_BYTES])), b"")


def is_select(sql: bytes) -> bool:
    return first_keyword(sql) in SELECT_STARTS


def strip_end(sql: bytes) -> bytes:
    """The statement without the semicolons and comments behind it."""
    match = UP_TO_LAST.match(sql)
    return sql[: match.end("last")] if match and match.group("last") else b""


def find_format(sql: bytes) -> tuple[str, int, int] | None:
    """The trailing `FORMAT name` of a query without anything behind it: the name and the span of the clause."""
    if not _FORMAT.search(sql):
        return None
    start = sql.rfind(b"\n") + 1
    if start and (line := _FORMAT_LINE.match(sql[start:])):
        return line["name"].decode(), start + line.start("clause"), start + line.end()
    query_tokens = list(tokens(sql))
    for index in range(len(query_tokens) - 1, 0, -1):
        clause, name = query_tokens[index - 1], query_tokens[index]
        if clause.keyword != b"FORMAT" or clause.depth or name.kind not in ("word", "quoted"):
            continue
        follower = query_tokens[index + 1].keyword if index + 1 < len(query_tokens) else b""
        if follower in (b"", b"SETTINGS") and index >= 2:
            return check_format(name.text.strip(b'`"').decode()), clause.start, name.end
    return None


def check_format(name: str) -> str:
    """A format's name as it may be put into a statement."""
    if not FORMAT_NAME.match(name):
        raise EngineError(73, "UNKNOWN_FORMAT", f"Unknown format {name}")
    return name


def has_outfile(sql: bytes) -> bool:
    """Whether the statement reads or writes a file of the machine by INTO OUTFILE or FROM INFILE."""
    if not _may_have(sql, b"OUTFILE", b"INFILE"):
        return False
    words = [token.keyword for token in tokens(sql)]
    return any(pair in ((b"INTO", b"OUTFILE"), (b"FROM", b"INFILE")) for pair in pairwise(words))


def find_killed_query(canonical_sql: str) -> str | None:
    """The id in `KILL QUERY WHERE query_id = '…'`, written by the engine; None for any other statement."""
    match = KILLING.fullmatch(canonical_sql.strip())
    return match.group(1) if match else None


def is_about_temporary_tables(sql: bytes) -> bool:
    """Whether the statement makes, replaces or drops a temporary table."""
    return any(token.keyword == b"TEMPORARY" for token in islice(tokens(sql), 5))


def find_inline_insert(sql: bytes) -> InlineInsert | None:
    """Where the rows of `INSERT INTO … FORMAT name` or `… VALUES` begin; None when the rows come from elsewhere.

    Behind `INSERT … SELECT … FROM input('…') FORMAT name` there are rows too.
    """
    # A text that breaks off inside quotes is not whole yet: what follows the quote is no keyword.
    whole_tokens = takewhile(lambda token: token.kind != "broken", tokens(sql))
    if not _starts_with_insert(whole_tokens):
        return None
    settings_start = format_start = None
    is_query = False
    for token in _skip_insert_target(whole_tokens):
        if token.depth:
            continue
        if format_start is not None:
            name = check_format(token.text.strip(b'`"').decode(errors="replace"))
            inline = _inline_insert(sql, settings_start, format_start, name, _data_start(sql, token.end))
            return replace(inline, is_query=is_query)
        is_query = is_query or token.keyword in QUERY_STARTS
        if token.keyword in (b"WATCH", b"INFILE", b";") or (is_query and not INPUT_CALL.search(sql)):
            return None
        if token.keyword == b"VALUES" and not is_query:
            return _inline_insert(sql, settings_start, token.start, "Values", token.end)
        if token.keyword == b"SETTINGS" and not is_query:
            settings_start = token.start
        if token.keyword == b"FORMAT":
            format_start = token.start
    return None


def _inline_insert(
    sql: bytes, settings_start: int | None, header_end: int, input_format: str, data_start: int
) -> InlineInsert:
    settings_start = header_end if settings_start is None else settings_start
    return InlineInsert(sql[:settings_start], sql[settings_start:header_end], input_format, data_start)


def _starts_with_insert(insert_tokens: Iterator[Token]) -> bool:
    """Moves behind the first INSERT, which may follow a WITH clause; whether there is one."""
    first = next(insert_tokens, None)
    if first is None or first.keyword not in (b"INSERT", b"WITH"):
        return False
    if first.keyword == b"INSERT":
        return True
    before = first.keyword
    for token in insert_tokens:
        # `with 1 as insert select insert` and `with insert as (…) select …` insert nothing.
        if token.keyword == b"INSERT" and not token.depth and before not in (b"WITH", b"AS", b",", b"RECURSIVE"):
            return True
        if token.keyword == b"SELECT" and not token.depth:
            return False
        before = token.keyword
    return False


def replace_input(sql: bytes, file: bytes, input_format: str) -> bytes:
    """The statement with `input('structure')` reading a file instead; chDB's own `input` drops the rows silently."""
    query_tokens = list(tokens(sql))
    for name, bracket, structure in zip(query_tokens, query_tokens[1:], query_tokens[2:], strict=False):
        if name.keyword != b"INPUT" or bracket.text != b"(":
            continue
        if structure.text == b")":
            raise EngineError(
                48,
                "NOT_IMPLEMENTED",
                "input() needs the structure of its rows here: input('number UInt64, name String').",
            )
        arguments = b"file(" + file + b", '" + input_format.encode() + b"', "
        return sql[: name.start] + arguments + sql[bracket.end :]
    return sql


def _skip_insert_target(insert_tokens: Iterator[Token]) -> Iterator[Token]:
    """Moves past `INTO [TABLE] [FUNCTION] name[.name]`, so that a table may be called `format` or `values`."""
    token = next(insert_tokens, None)
    while token is not None and token.keyword in (b"INTO", b"TABLE", b"FUNCTION"):
        token = next(insert_tokens, None)
    while token is not None:
        token = next(insert_tokens, None)
        if token is None:
            return
        if token.text != b".":
            break
        token = next(insert_tokens, None)
    if token is not None:
        yield token
    yield from insert_tokens


def _data_start(sql: bytes, position: int) -> int:
    """Rows begin after the first line break behind the format's name, or after the spaces without one."""
    match = re.compile(rb"[ \t\f]*\r?\n?").match(sql, position)
    return match.end() if match else position


def speaks_of_queries(sql: bytes, statement_class: str) -> bool:
    """Whether the statement may be one that `rewrite_query_ids` changes; a view that is made keeps its own words."""
    return first_keyword(sql) == b"KILL" or (statement_class == "READ_ONLY" and b"processes" in sql.lower())


def rewrite_query_ids(sql: bytes, columns: Mapping[str, str]) -> bytes:
    """Lets KILL QUERY and readers of system.processes speak of the ids and users that clients know.

    The engine gives every query an id of its own and runs all as one user: `columns` has the expression of each column
    that is to say something else.
    """
    query_tokens = list(tokens(sql))
    replacements: list[tuple[int, int, bytes]] = []
    if query_tokens and query_tokens[0].keyword == b"KILL":
        by_name = {name.upper().encode(): f"({expression})".encode() for name, expression in columns.items()}
        replacements = [(t.start, t.end, by_name[t.keyword]) for t in query_tokens if t.keyword in by_name]
    else:
        replaced = ", ".join(f"{expression} as {name}" for name, expression in columns.items())
        view = f"(select * replace ({replaced}) from system.processes)".encode()
        for before, database, dot, table in zip(
            query_tokens, query_tokens[1:], query_tokens[2:], query_tokens[3:], strict=False
        ):
            names = [part.text.strip(b'`"').lower() for part in (database, dot, table)]
            if before.keyword in (b"FROM", b"JOIN") and names == [b"system", b".", b"processes"]:
                replacements.append((database.start, table.end, view))
    for start, end, text in reversed(replacements):
        sql = sql[:start] + text + sql[end:]
    return sql
