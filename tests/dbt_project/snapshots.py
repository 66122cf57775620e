"""Marts put aside, and what differs between then and now."""

from clickhouse_connect.driver.client import Client


def marts(client: Client, database: str = "marts") -> list[str]:
    """Names of the tables in `marts`, or in a copy of it."""
    query = "select name from system.tables where database = {database:String} order by name"
    return [row[0] for row in client.query(query, {"database": database}).result_rows]


def put_aside(client: Client, database: str) -> None:
    """Copy every mart into a database of this name."""
    client.command(f"drop database if exists {database}")
    client.command(f"create database {database}")
    names = marts(client)
    assert names, "there are no marts: whatever comes later would not differ from none"
    for mart in names:
        engine = "engine = MergeTree order by tuple()"
        client.command(f"create table {database}.{mart} {engine} as select * from marts.{mart}")


def built_whole_by(client: Client) -> dict[str, str]:
    """Table → the run that built it whole; runs that recomputed some units since then do not show."""
    query = (
        "select name, extract(comment, '\\\\[whole ([^]]+)') as run from system.tables "
        "where database in ('staging', 'intermediate', 'marts') and run != ''"
    )
    return dict(client.query(query).result_rows)


def differences(client: Client, database: str, without: frozenset[str] = frozenset()) -> dict[str, str]:
    """Mart → how it differs from the copy, for each that does."""
    before, after = (set(marts(client, place)) - without for place in (database, "marts"))
    differing = dict.fromkeys(sorted(before - after), "is gone") | dict.fromkeys(sorted(after - before), "is new")
    for mart in sorted(before & after):
        then, now = (_checksum(client, f"{place}.{mart}") for place in (database, "marts"))
        if then != now:
            differing[mart] = (
                f"rows then {then[0]}, now {now[0]}; columns that differ: {_columns(client, database, mart)}"
            )
    return differing


def _checksum(client: Client, table: str) -> tuple[int, int]:
    """Rows, and a hash of them that does not depend on their order."""
    return client.query(f"select count(), sum(sipHash64(formatRow('TSV', *))) from {table}").result_rows[0]


def _columns(client: Client, database: str, mart: str) -> list[str]:
    names = [row[0] for row in client.query(f"describe table marts.{mart}").result_rows]
    sums = ", ".join(f"sum(sipHash64(formatRow('TSV', `{name}`)))" for name in names)
    then, now = (client.query(f"select {sums} from {place}.{mart}").result_rows[0] for place in (database, "marts"))
    return [name for name, a, b in zip(names, then, now, strict=True) if a != b]
