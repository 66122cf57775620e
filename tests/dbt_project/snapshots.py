"""Marts put aside, and what differs between then and now."""

from clickhouse_connect.driver.client import Client


def marts(client: Client) -> list[str]:
    """Names of the tables in `marts`."""
    rows = client.query("select name from system.tables where database = 'marts' order by name").result_rows
    return [row[0] for row in rows]


def put_aside(client: Client, database: str) -> None:
    """Copy every mart into a database of this name."""
    client.command(f"drop database if exists {database}")
    client.command(f"create database {database}")
    for mart in marts(client):
        engine = "engine = MergeTree order by tuple()"
        client.command(f"create table {database}.{mart} {engine} as select * from marts.{mart}")


def differences(client: Client, database: str, without: frozenset[str] = frozenset()) -> dict[str, str]:
    """Mart → how it differs from the copy, for each that does."""
    found = {}
    for mart in sorted(set(marts(client)) - without):
        then, now = (_checksum(client, f"{place}.{mart}") for place in (database, "marts"))
        if then != now:
            found[mart] = f"rows then {then[0]}, now {now[0]}; columns that differ: {_columns(client, database, mart)}"
    return found


def _checksum(client: Client, table: str) -> tuple[int, int]:
    """Rows, and a hash of them that does not depend on their order."""
    return client.query(f"select count(), sum(sipHash64(formatRow('TSV', *))) from {table}").result_rows[0]


def _columns(client: Client, database: str, mart: str) -> list[str]:
    names = [row[0] for row in client.query(f"describe table marts.{mart}").result_rows]
    sums = ", ".join(f"sum(sipHash64(formatRow('TSV', `{name}`)))" for name in names)
    then, now = (client.query(f"select {sums} from {place}.{mart}").result_rows[0] for place in (database, "marts"))
    return [name for name, a, b in zip(names, then, now, strict=True) if a != b]
