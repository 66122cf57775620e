"""Whether SQL that was written by a model may run: one select, on marts alone, and nothing that reaches elsewhere.

The text is parsed, the tree is judged, and what runs is written from the tree, without comments: nothing can hide from
the judge and still run. The user that runs it may read the database `marts` only, so that a hole here opens nothing.
"""

import logging
import re
from collections.abc import Collection

import sqlglot
from rapidfuzz import process
from sqlglot import exp
from sqlglot.errors import SqlglotError

DIALECT = "clickhouse"
DATABASE = "marts"
MAX_ROWS = 1000
MAX_CHARACTERS = 20_000
_WRITES = (exp.DDL, exp.DML, exp.Command, exp.Into, exp.Set, exp.Use, exp.Drop, exp.Alter, exp.Kill, exp.Grant)
# Beginnings of functions that read files, servers, dictionaries or settings, that wait, or tell about the machine.
_REACHING = (
    *("azure", "catboost", "cluster", "current", "delta", "demangle", "dict", "evalml", "executable", "file", "fqdn"),
    *(
        "format",
        "fuzz",
        "gcs",
        "generate",
        "getclient",
        "getmacro",
        "getmax",
        "getos",
        "getserver",
        "getsetting",
        "hdfs",
    ),
    *("hive", "hostname", "hudi", "iceberg", "initialquery", "input", "jdbc", "joinget", "loop", "mergetree", "mongo"),
    *("mysql", "numbers", "odbc", "paimon", "postgres", "prometheus", "query", "redis", "remote", "s3", "serveruuid"),
    *("sleep", "sqlite", "tcpport", "throwif", "timeseries", "uptime", "urlcluster", "version", "view", "ytsaurus"),
    *("zeros", "zookeeper"),
)
_REACHING_NAMES = frozenset({"url", "user", "timezone", "servertimezone", "merge"})
_IN_AS_FUNCTION = re.compile(r"(global)?(not)?(null)?in(ignoreset)?")
_HARMLESS = frozenset({"formatdatetime", "formatreadablequantity", "formatreadabletimedelta", "formatreadablesize"})

logging.getLogger("sqlglot").setLevel(logging.ERROR)


class QueryRefused(Exception):
    """The SQL may not run; the message says what was found and what is allowed."""


def checked(sql: str, marts: Collection[str]) -> str:
    """The SQL to run, written from the tree and limited to MAX_ROWS; raises QueryRefused."""
    tree = _one_select(sql)
    _refuse_parts(tree)
    _refuse_tables(tree, marts)
    for function in tree.find_all(exp.Func):
        _refuse_function(function)
    return _limited(tree).sql(dialect=DIALECT, comments=False, pretty=True)


def _one_select(sql: str) -> exp.Expression:
    if len(sql) > MAX_CHARACTERS:
        raise QueryRefused(f"The SQL has {len(sql):,} characters; at most {MAX_CHARACTERS:,} are allowed.")
    try:
        trees = [tree for tree in sqlglot.parse(sql, dialect=DIALECT) if tree is not None]
    except (SqlglotError, RecursionError) as error:
        said = " ".join(re.sub(r"\x1b\[\d+m", "", str(error)).split())[:300]
        raise QueryRefused(f"The SQL cannot be parsed: {said}") from error
    if len(trees) != 1:
        raise QueryRefused(f"Found {len(trees)} statements; exactly one is allowed.")
    tree = trees[0]
    if not isinstance(tree, exp.Select | exp.SetOperation | exp.Subquery):
        raise QueryRefused(f"Found {type(tree).__name__.upper()}; only one SELECT is allowed.")
    return tree


def _refuse_parts(tree: exp.Expression) -> None:
    for node in tree.walk():
        if isinstance(node, _WRITES):
            raise QueryRefused(f"Found {type(node).__name__.upper()} inside the statement; only reading is allowed.")
        if isinstance(node, exp.Placeholder | exp.Parameter):
            raise QueryRefused("Found a parameter; values must stand in the SQL.")
        if isinstance(node, exp.Query) and node.args.get("settings"):
            raise QueryRefused("Found SETTINGS; the query runs with the warehouse's own.")
        if isinstance(node, exp.Query) and node.args.get("format"):
            raise QueryRefused("Found FORMAT; the answer's format is the warehouse's own.")
        if isinstance(node, exp.In) and _names_a_table(node):
            raise QueryRefused("Found IN with a bare table; write IN (select … from marts.…).")


def _names_a_table(node: exp.In) -> bool:
    """`x in t` and `x in (t)` read a table of that name."""
    listed = node.expressions
    return node.args.get("field") is not None or (len(listed) == 1 and isinstance(listed[0], exp.Column | exp.Dot))


def _refuse_tables(tree: exp.Expression, marts: Collection[str]) -> None:
    steps = {step.alias.lower() for step in tree.find_all(exp.CTE)}
    sources = {id(table) for table in tree.find_all(exp.Table)}
    for clause in tree.find_all(exp.From, exp.Join):
        source = clause.this
        if id(source) not in sources and not isinstance(source, exp.Subquery):
            raise QueryRefused(
                f"Found {source.sql(dialect=DIALECT)[:80]} as a source; only marts and subqueries are allowed."
            )
    for table in tree.find_all(exp.Table):
        shown = table.sql(dialect=DIALECT, comments=False)[:80]
        if not isinstance(table.this, exp.Identifier):
            raise QueryRefused(f"Found the table function {shown}; only tables of the database {DATABASE} are allowed.")
        if not table.db and not table.catalog and table.name.lower() in steps:
            continue
        if table.catalog or table.db != DATABASE:
            raise QueryRefused(
                f"Found the table {shown}; only tables of the database {DATABASE} are allowed, as {DATABASE}.…"
            )
        if table.name not in marts:
            near = ", ".join(f"{DATABASE}.{name}" for name, *_ in process.extract(table.name, marts, limit=3))
            raise QueryRefused(f"{DATABASE}.{table.name} does not exist. Near it are {near}.")


def _refuse_function(function: exp.Func) -> None:
    name = function.name if isinstance(function, exp.Anonymous) else function.sql_name()
    plain = name.replace("_", "").lower()
    is_reaching = plain.startswith(_REACHING) or plain in _REACHING_NAMES or _IN_AS_FUNCTION.fullmatch(plain)
    if is_reaching and plain not in _HARMLESS:
        raise QueryRefused(f"Found the function {name}, which reaches outside the marts or depends on the moment.")


def _limited(tree: exp.Expression) -> exp.Expression:
    """At most MAX_ROWS rows. A larger limit of the statement's own is lowered."""
    if isinstance(tree, exp.Subquery):
        tree = tree.unnest()
    limit = tree.args.get("limit")
    if limit is not None:
        value = limit.expression
        if isinstance(value, exp.Literal) and value.is_int and int(value.this) <= MAX_ROWS:
            return tree
    return tree.limit(MAX_ROWS, dialect=DIALECT, copy=False)
