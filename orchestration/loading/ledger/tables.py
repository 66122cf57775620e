"""The databases `raw` and `ops`, and the key that learner pseudonyms are made with."""

import hashlib
import re
from pathlib import Path

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from orchestration.loading.errors import WarehouseError
from orchestration.loading.lake.objects import RAW_TABLES
from orchestration.loading.ledger.entries import insert_rows, server_now
from orchestration.settings import Settings

_STATEMENTS = Path(__file__).parent / "raw_tables" / "raw_and_ops.sql"
_LINES = _STATEMENTS.with_name("lines.sql")
"""What makes the raw table of a kind of drop."""
DATABASES = ("raw", "ops", "seeds", "staging", "intermediate", "marts")
_ENGINE = re.compile(r"engine = (?=\w*MergeTree)")
_KEY, _TABLES = "learner_id_key", "tables"
"""Names in ops.keys: the pseudonym key, and the hash of the statements that made the tables."""
_NOTHING_THERE = re.compile(r"\b(UNKNOWN_TABLE|UNKNOWN_DATABASE)\b")


def prepare_warehouse(client: Client, settings: Settings) -> None:
    """Everything a load needs in ClickHouse before the first line; when it is there this costs one query.

    On `cluster` the databases must be there, and the replica that answers first catches up with all that the others
    have acknowledged: what is read of the ledger afterwards is no older than this call.
    """
    is_replicated = settings.target == "cluster"
    if is_replicated:
        require_replicated(client)
    recorded = _recorded(client)
    if recorded.get(_TABLES) != _text_hash():
        ensure_raw_tables(client, is_replicated)
    if is_replicated:
        catch_up(client)
        recorded = _recorded(client)
    if recorded.get(_KEY) != settings.learner_id_key:
        set_learner_id_key(client, settings.learner_id_key)


def ensure_raw_tables(client: Client, is_replicated: bool = False) -> None:
    """Create what is missing of `raw` and `ops`, and bring an older warehouse to this version's tables and views.

    The hash is recorded last, so that a process killed on the way leaves the rest to the next.
    """
    if _recorded(client).get(_TABLES) == _text_hash():
        return
    for statement in table_statements(is_replicated):
        client.command(statement)
    _record(client, _TABLES, _text_hash())


def table_statements(is_replicated: bool = False) -> list[str]:
    """The statements that make the tables; on replicas each is replicated, at the place that its database chooses."""
    text = _text()
    if is_replicated:
        text = _ENGINE.sub("engine = Replicated", text)
    return [statement for statement in re.split(r";\s*(?:\n|$)", text) if statement.strip()]


def require_replicated(client: Client) -> None:
    """Raise WarehouseError unless every database is there with the engine Replicated.

    One that `create database` made would be on the replica that was asked, and on no other.
    """
    rows = client.query("select name, engine from system.databases").result_rows
    wrong = [name for name in DATABASES if dict(rows).get(name) != "Replicated"]
    if wrong:
        raise WarehouseError(
            f"On target cluster every database has the engine Replicated; {', '.join(wrong)} has not, or is not there. "
            "Run orchestration/deployment/access/cluster.sql as an administrator, once."
        )


def catch_up(client: Client) -> None:
    """Wait until the replica that answers has all rows of `raw` and `ops` that any replica has acknowledged."""
    query = (
        "select concat(database, '.', name) from system.tables where database in ('raw', 'ops') and engine like 'Repl%'"
    )
    for (table,) in client.query(query).result_rows:
        client.command(f"system sync replica {table} lightweight")


def set_learner_id_key(client: Client, key: str) -> None:
    """Record the pseudonym key.

    A changed key would give every learner a second pseudonym, so on a warehouse that has events it is an error.
    The key travels as data, never in the text of a query.
    """
    recorded = _recorded(client).get(_KEY)
    if recorded == key:
        return
    if recorded and client.query("select count() from ops.load_commits").result_rows[0][0]:
        raise WarehouseError(
            "LEARNER_ID_KEY differs from the key this warehouse was loaded with; with the new key every learner would "
            "become a second person. To change it on purpose, run 'warehouse rotate-key'. Otherwise restore the former "
            "LEARNER_ID_KEY, or use an empty warehouse (another WAREHOUSE_HOME, or other databases) for the new one."
        )
    _record(client, _KEY, key)


def learner_id_key(client: Client) -> str:
    """The key that the warehouse was loaded with; empty before the first load."""
    return _recorded(client).get(_KEY, "")


def record_learner_id_key(client: Client, key: str) -> None:
    """Change the key. Only a rotation may: everything that was made with the former one must be made again."""
    _record(client, _KEY, key)


def _text() -> str:
    """The statements, those of the raw tables once for each kind of drop."""
    lines = _LINES.read_text()
    return "\n".join([_STATEMENTS.read_text(), *(lines.replace("{table}", name) for name in RAW_TABLES.values())])


def _text_hash() -> str:
    return hashlib.sha256(_text().encode()).hexdigest()


def _expected_tables() -> list[str]:
    """All that the statements create, so that a table that was dropped by hand is missed."""
    return re.findall(r"^create (?:table if not exists|or replace view) (\w+\.\w+)", _text(), re.M)


def _recorded(client: Client) -> dict[str, str]:
    """What ops.keys holds; the hash of the tables is left out when one of them is gone."""
    query = """
        select name, value, (
            select count() from system.tables
            where database in ('raw', 'ops') and concat(database, '.', name) in {tables:Array(String)}
        )
        from ops.keys final
    """
    tables = _expected_tables()
    try:
        rows = client.query(query, parameters={"tables": tables}).result_rows
    except DatabaseError as error:
        if _NOTHING_THERE.search(str(error)):
            return {}
        raise
    return {name: value for name, value, count in rows if name != _TABLES or count == len(tables)}


def _record(client: Client, name: str, value: str) -> None:
    insert_rows(client, "keys", ("name", "value", "set_at"), [(name, value, server_now(client))])
