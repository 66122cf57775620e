"""Tables with what must not be in them: doubled keys, values out of range, unknown words, '' and NULL."""

from clickhouse_connect.driver.client import Client

BAD_ROWS = 60
DATABASES = ("seeds", "staging", "intermediate", "marts")


def break_tables(client: Client) -> list[str]:
    """Adds bad rows to every table of the project and returns their names."""
    tables = client.query(
        "select concat(database, '.', name) from system.tables "
        "where database in {databases:Array(String)} and engine like '%MergeTree' order by 1",
        parameters={"databases": list(DATABASES)},
    ).result_rows
    for (table,) in tables:
        _add_bad_rows(client, table)
    return [table for (table,) in tables]


def _add_bad_rows(client: Client, table: str) -> None:
    """Copies of rows, some with bad values; an empty table gets rows of defaults."""
    columns = client.query(
        "select name, type from system.columns where concat(database, '.', table) = {table:String} "
        "and default_kind not in ('MATERIALIZED', 'ALIAS') order by position",
        parameters={"table": table},
    ).result_rows
    is_empty = not client.query(f"select count() from {table}").result_rows[0][0]
    rows = f"numbers({BAD_ROWS})" if is_empty else f"(select * from {table} limit {BAD_ROWS})"
    values = ", ".join(
        _value(_default(kind) if is_empty else f"`{name}`", kind, place, f"'broken {table}'")
        for place, (name, kind) in enumerate(columns)
    )
    names = ", ".join(f"`{name}`" for name, _ in columns)
    client.command(f"insert into {table} ({names}) select {values} from {rows}")


def _default(kind: str) -> str:
    return "defaultValueOfTypeName('" + kind.replace("'", "\\'") + "')"


def _value(good: str, kind: str, place: int, text: str) -> str:
    """The good value in most rows, so that the tests of a table fail in different rows; `text` is a bad one."""
    plain = kind.replace("LowCardinality(", "").replace("Nullable(", "").rstrip(")")
    bad = {
        "String": (text, "''"),
        "Bool": (f"not {good}",),
        **dict.fromkeys(("Float32", "Float64"), ("nan", "-7", "1e9")),
        **dict.fromkeys(("Int8", "Int16", "Int32", "Int64"), ("-7", "100")),
        **dict.fromkeys(("UInt8", "UInt16", "UInt32", "UInt64"), ("250", "0")),
    }.get(plain, ())
    if "Nullable(" in kind:
        bad = (*bad, "null")
    if not bad:
        return good
    branches = [f"(row_number + {place}) % {7 + number} = 0, {value}" for number, value in enumerate(bad)]
    chosen = f"multiIf({', '.join(branches)}, {good})"
    return f"cast({chosen.replace('row_number', 'rowNumberInAllBlocks()')} as {kind})"
