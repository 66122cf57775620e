"""What the loader says to replicas of one database; the engine here is no replica, and parses every word of it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from orchestration.loading import WarehouseError, prepare_warehouse
from orchestration.loading.ledger import tables
from orchestration.loading.ledger.tables import DATABASES, require_replicated, table_statements
from orchestration.resources.warehouse import ON_REPLICAS, connect
from tests.conftest import DATABASES as ALL_DATABASES


class Replica:
    """Answers as a replica whose databases are there and whose tables were made."""

    def __init__(self, engines: dict[str, str], made: tuple[str, ...] = ()) -> None:
        self.engines, self.made, self.said = engines, made, []

    def query(self, query: str, **_) -> SimpleNamespace:
        if "system.databases" in query:
            return SimpleNamespace(result_rows=list(self.engines.items()))
        if "engine like" in query:
            return SimpleNamespace(result_rows=[(name,) for name in self.made])
        return SimpleNamespace(result_rows=[("tables", tables._text_hash(), len(tables._expected_tables()))])

    def command(self, statement: str, **_) -> None:
        self.said.append(statement)


REPLICATED = dict.fromkeys(DATABASES, "Replicated")


def test_the_engine_understands_every_statement(warehouse) -> None:
    statements = table_statements(is_replicated=True)
    for statement in statements:
        warehouse.query("select formatQuery({statement:String})", parameters={"statement": statement})
    assert len(statements) == len(table_statements())
    text = "\n".join(statements)
    assert "engine = ReplicatedMergeTree\n" in text
    assert "engine = ReplicatedReplacingMergeTree" in text
    assert "engine = MergeTree" not in text
    assert "on cluster" not in text


def test_a_database_of_one_replica_alone_is_refused() -> None:
    assert set(DATABASES) == set(ALL_DATABASES)
    require_replicated(Replica(REPLICATED))
    with pytest.raises(WarehouseError, match=r"marts has not.*cluster\.sql"):
        require_replicated(Replica(REPLICATED | {"marts": "Atomic"}))
    with pytest.raises(WarehouseError, match="raw, ops, seeds"):
        require_replicated(Replica({}))


def test_a_replica_catches_up_before_the_ledger_is_read(settings, warehouse, monkeypatch) -> None:
    replica = Replica(REPLICATED, made=("ops.load_commits", "raw.event_lines"))
    asked = []
    monkeypatch.setattr(tables, "_recorded", lambda client: asked.append(len(replica.said)) or {"tables": "?"})
    monkeypatch.setattr(tables, "ensure_raw_tables", lambda client, is_replicated: replica.said.append("made"))
    monkeypatch.setattr(tables, "set_learner_id_key", lambda client, key: replica.said.append("key"))
    prepare_warehouse(replica, replace(settings, target="cluster"))
    waits = [f"system sync replica {name} lightweight" for name in replica.made]
    assert replica.said == ["made", *waits, "key"]
    assert asked == [0, 3]
    for wait in waits:
        warehouse.query("select formatQuery({wait:String})", parameters={"wait": wait})


def test_rows_count_when_most_replicas_have_them(settings) -> None:
    client = connect(replace(settings, target="cluster"))
    assert client.query("select value from system.settings where name = 'insert_quorum'").result_rows == [
        (ON_REPLICAS["insert_quorum"],)
    ]
    client.close()
