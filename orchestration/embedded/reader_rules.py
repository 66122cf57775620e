"""Whether a reader may run a statement, judged on the tree that the engine's own parser makes of it.

Comments, quotes, escapes and aliases cannot deceive the tree. Everything goes by lists of what is allowed (see
`reader_lists`): kinds of nodes, functions, table functions, formats, settings at any depth, tables of `system`.
What tables of other databases a reader may see is decided by the grants of the engine (see `engine_config`).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.embedded.connections import EngineConnection, quote_bytes
from orchestration.embedded.engine_config import READER_DATABASES, READER_LIMITS
from orchestration.embedded.errors import EngineError
from orchestration.embedded.reader_lists import function_verdict, judged

Node = dict[str, Any]

# The tree of these statements cannot be had; `SELECT * FROM` has the same grammar behind its first words.
DESCRIBING = re.compile(rb"(DESCRIBE TABLE|EXISTS (TABLE|VIEW|DATABASE)|SHOW CREATE (TABLE|VIEW|DATABASE))(?=\s)")
# The tree must hold all of a statement; what is written from it differs in spare brackets only.
BRACKETS_AND_SPACES = re.compile(r"[()\s]")
# The engine's errors for a kind of statement, and for a value of a setting, of which it makes no tree.
UNREADABLE = {36, 536}
STATEMENTS = {
    *("SelectWithUnionQuery", "SelectIntersectExceptQuery", "SelectQuery", "ExplainQuery"),
    *("ShowTablesQuery", "ShowColumnsQuery", "ShowIndexesQuery", "SetQuery", "UseQuery"),
}
PARTS = {
    *("ExpressionList", "Function", "Identifier", "TableIdentifier", "Literal", "QueryParameter", "Subquery"),
    *("WithElement", "TablesInSelectQuery", "TablesInSelectQueryElement", "TableExpression", "TableJoin"),
    *("ArrayJoin", "SampleRatio", "Asterisk", "QualifiedAsterisk", "ColumnsRegexpMatcher", "ColumnsListMatcher"),
    *("QualifiedColumnsRegexpMatcher", "QualifiedColumnsListMatcher", "ColumnsTransformerList"),
    *("ColumnsExceptTransformer", "ColumnsReplaceTransformer", "ColumnsReplaceTransformerReplacement"),
    *("ColumnsApplyTransformer", "OrderByElement", "InterpolateElement", "WindowDefinition", "WindowListElement"),
}
# Functions that only the parser knows.
PARSER_FUNCTIONS = {"lambda", "grouping", "exists", "untuple"}
# Beginnings of the names of all functions that take a function.
HIGHER_ORDER = ("array", "map")
# They take the name of an aggregate function as a string.
NAMING_FUNCTIONS = {"arrayreduce", "arrayreduceinranges", "initializeaggregation"}
EXPLAINABLE = {"EXPLAIN", "EXPLAIN AST", "EXPLAIN SYNTAX", "EXPLAIN QUERY TREE", "EXPLAIN PIPELINE", "EXPLAIN ESTIMATE"}
HIDDEN_LISTS = {"merges", "cluster", "clusters", "caches"}
SYSTEM_DATABASE = "system"
CATALOGUE_DATABASES = {"information_schema", "INFORMATION_SCHEMA"}


def check_settings(user: str, settings: Mapping[str, Any]) -> None:
    """Refuses settings that a reader must not change, and limits beyond a reader's own; raises EngineError."""
    for name, value in settings.items():
        check_setting(user, name, value)


def check_setting(user: str, name: str, value: Any) -> None:
    verdict = judged("settings").get(name)
    if verdict is None:
        raise EngineError(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'")
    if verdict.verdict == "limited":
        check_limit(name, value)
    elif not verdict.is_allowed:
        raise EngineError(
            164, "READONLY", f"Cannot modify '{name}' setting in readonly mode. For {user} it stays: {verdict.reason}."
        )


def check_limit(name: str, value: Any) -> None:
    """Refuses a limit outside the bounds of a reader, or written in another way than as digits."""
    lowest, highest = READER_LIMITS[name]
    number = _read_number(value)
    if number is None or number < lowest or (highest is not None and number > highest):
        bounds = f"from {lowest} to {highest}" if highest is not None else f"of {lowest} and more"
        raise EngineError(
            452,
            "SETTING_CONSTRAINT_VIOLATION",
            f"Setting {name} must be a number {bounds}; it was {str(value)[:40]!r}.",
        )


def check_format(user: str, name: str) -> None:
    """Refuses answers in a format that touches more than the answer."""
    verdict = judged("formats").get(name)
    if verdict is None:
        raise EngineError(73, "UNKNOWN_FORMAT", f"Unknown format {name}")
    if not verdict.is_allowed:
        raise _denied(user, f"the format {name}", verdict.reason)


def check_statement(
    connection: EngineConnection, user: str, canonical_sql: bytes, parameters: Mapping[str, str]
) -> str | None:
    """Refuses a statement that a reader must not run; returns the format that it asks for.

    The text must be the engine's own writing, and it must be what runs.
    """
    tree = _read_tree(connection, user, canonical_sql)
    StatementCheck(user, parameters).check(tree)
    return tree.get("format_ast", {}).get("name")


class StatementCheck:
    """One statement's check; `parameters` are the values that the engine puts in for {name:Identifier}."""

    def __init__(self, user: str, parameters: Mapping[str, str]) -> None:
        self._user = user
        self._parameters = parameters
        self._lambdas: set[str] = set()

    def check(self, tree: Node) -> None:
        """Raises EngineError for the first part of the statement that is not allowed."""
        if tree.get("type") not in STATEMENTS:
            raise self._unknown_kind(tree)
        nodes = list(walk(tree))
        self._lambdas = {
            node["alias"].lower()
            for _, node in nodes
            if node.get("type") == "Function" and node.get("name") == "lambda" and node.get("alias")
        }
        for key, node in nodes:
            self._check_node(key, node)

    def _check_node(self, key: str, node: Node) -> None:
        kind = node.get("type")
        if kind not in STATEMENTS | PARTS or (kind == "ExplainQuery" and node["kind"] not in EXPLAINABLE):
            raise self._unknown_kind(node)
        self._check_answer(node)
        if kind == "SetQuery" and key != "explain":
            self._check_changes(node)
        elif kind == "Function" and key == "table_function":
            self._check_table_function(node["name"])
        elif kind == "Function":
            self._check_function(node)
        elif kind == "ColumnsApplyTransformer" and node.get("func_name"):
            self._check_function_name(node["func_name"])
        elif kind in ("TableIdentifier", "Identifier"):
            self._check_identifier(kind, node)

    def _check_answer(self, node: Node) -> None:
        """Where the answer goes, in which format, and what SHOW lists."""
        if node.get("out_file") is not None or node.get("compression") is not None:
            raise EngineError(344, "SUPPORT_IS_DISABLED", "INTO OUTFILE is not allowed over HTTP.")
        if node.get("format_ast"):
            check_format(self._user, node["format_ast"]["name"])
        if node["type"] == "ShowTablesQuery" and (hidden := HIDDEN_LISTS.intersection(node)):
            raise _denied(self._user, f"SHOW {sorted(hidden)[0].upper()}", "it shows the server")

    def _check_changes(self, node: Node) -> None:
        if not node.keys() <= {"type", "is_standalone", "changes"}:
            raise EngineError(
                164, "READONLY", f"{self._user} may change settings to values only, neither to DEFAULT nor otherwise."
            )
        for change in node.get("changes", ()):
            value = change["value"]
            check_setting(self._user, change["name"], value.get("value") if isinstance(value, dict) else value)

    def _check_function(self, node: Node) -> None:
        self._check_function_name(node["name"])
        arguments = (node.get("arguments") or {}).get("children", [])
        if node["name"].lower().startswith(HIGHER_ORDER):
            self._check_functions_as_arguments(arguments)
        if node["name"].lower() in NAMING_FUNCTIONS:
            self._check_named_aggregate(node["name"], arguments)

    def _check_functions_as_arguments(self, arguments: list[Node]) -> None:
        """In `arrayMap(lower, …)` the name of a function stands for the function."""
        for argument in arguments:
            verdict = function_verdict(argument["name"]) if argument.get("type") == "Identifier" else None
            if verdict is not None and not verdict.is_allowed:
                raise _denied(self._user, f"the function {argument['name']}", verdict.reason)

    def _check_function_name(self, name: str) -> None:
        verdict = function_verdict(name)
        if verdict is None and name.lower() not in PARSER_FUNCTIONS | self._lambdas:
            raise EngineError(
                46, "UNKNOWN_FUNCTION", f"Function with name `{name}` does not exist, or {self._user} may not call it."
            )
        if verdict is not None and not verdict.is_allowed:
            raise _denied(self._user, f"the function {name}", verdict.reason)

    def _check_named_aggregate(self, name: str, arguments: list[Node]) -> None:
        literal = arguments[0] if arguments else {}
        aggregate = literal.get("value", {}).get("value") if literal.get("type") == "Literal" else None
        if not isinstance(aggregate, str):
            raise _denied(self._user, f"{name} without a literal name", "what it would call cannot be told")
        self._check_function_name(aggregate.partition("(")[0].strip())

    def _check_table_function(self, name: str) -> None:
        verdict = judged("table_functions").get(name)
        if verdict is None:
            raise EngineError(
                46, "UNKNOWN_FUNCTION", f"Unknown table function {name}, or {self._user} may not call it."
            )
        if not verdict.is_allowed:
            raise _denied(self._user, f"the table function {name}", verdict.reason)

    def _check_identifier(self, kind: str, node: Node) -> None:
        """Keeps to the databases of a reader; a column's `alias.name` looks like `database.table` and may stand."""
        database, dot, table = self._resolve(node).partition(".")
        if not dot:
            return
        if database.lower() == SYSTEM_DATABASE:
            verdict = judged("system_tables").get(table.partition(".")[0])
            if verdict is None or not verdict.is_allowed:
                raise _denied(self._user, f"{database}.{table}", verdict.reason if verdict else "it was never judged")
        elif kind == "TableIdentifier" and database not in {*READER_DATABASES, *CATALOGUE_DATABASES}:
            raise _denied(self._user, f"{database}.{table}", f"this user reads {', '.join(READER_DATABASES)}")

    def _resolve(self, node: Node) -> str:
        """The name with the values of its parameters, as the engine will read it."""
        parts = list(node.get("name_parts") or [node.get("name", "")])
        values = [self._parameters.get(child.get("name", ""), "") for child in node.get("children", ())]
        names = [part or (values.pop(0) if values else "") for part in parts] + values
        return ".".join(names).replace("`", "").replace('"', "")

    def _unknown_kind(self, node: Node) -> EngineError:
        kind = node.get("kind") or node.get("type")
        return EngineError(164, "READONLY", f"{self._user}: Cannot execute query in readonly mode ({kind}).")


def walk(tree: Node) -> Iterator[tuple[str, Node]]:
    """All nodes of a tree, each with the place that it has in its parent."""
    pending: list[tuple[str, Any]] = [("", tree)]
    while pending:
        key, part = pending.pop()
        if isinstance(part, list):
            pending.extend((key, item) for item in part)
        elif isinstance(part, dict):
            yield key, part
            if part.get("type") in ("Literal", "SetQuery"):
                continue
            for name, child in part.items():
                is_option = part.get("type") == "ExplainQuery" and name == "settings"
                if isinstance(child, dict | list) and not _is_plain(child):
                    pending.append(("explain" if is_option else name, child))


def _is_plain(child: Any) -> bool:
    """Whether a list holds names and no nodes."""
    return isinstance(child, list) and not any(isinstance(item, dict | list) for item in child)


def _read_tree(connection: EngineConnection, user: str, canonical_sql: bytes) -> Node:
    described = DESCRIBING.match(canonical_sql)
    readable = b"SELECT * FROM" + canonical_sql[described.end() :] if described else canonical_sql
    sql = (
        b"WITH " + quote_bytes(readable) + b" AS text "
        b"SELECT parseQueryToJSON(text) AS tree, formatQueryFromJSON(tree), formatQuerySingleLine(text)"
    )
    try:
        answer = connection.execute(sql, "JSONCompactEachRow").bytes().decode(errors="replace")
        tree, judged_text, whole_text = json.loads(answer)
        if BRACKETS_AND_SPACES.sub("", judged_text) != BRACKETS_AND_SPACES.sub("", whole_text):
            raise EngineError(164, "READONLY", f"{user}: Cannot execute query: its tree does not hold all of it.")
        return json.loads(tree)
    except RecursionError:
        raise EngineError(167, "TOO_DEEP_AST", f"The statement is nested too deeply for {user}.") from None
    except EngineError as error:
        if error.code not in UNREADABLE:
            raise
        raise EngineError(
            164, "READONLY", f"{user}: Cannot execute query in readonly mode. This kind of statement is not open to it."
        ) from None


def _read_number(value: Any) -> float | None:
    text = str(value)
    whole, _, fraction = text.partition(".")
    is_number = whole.isascii() and whole.isdigit() and (not fraction or (fraction.isascii() and fraction.isdigit()))
    return float(text) if is_number else None


def _denied(user: str, what: str, reason: str) -> EngineError:
    return EngineError(497, "ACCESS_DENIED", f"{user}: Not enough privileges. This user may not use {what} ({reason}).")
