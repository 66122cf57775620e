"""Tables and the pseudonym key: preparing again changes nothing, and a second key is refused."""

import pytest

from orchestration.loading import WarehouseError, ensure_raw_tables, prepare_warehouse, set_learner_id_key


def key_in(warehouse) -> str:
    return warehouse.query("select value from ops.keys final").result_rows[0][0]


def test_preparing_twice_changes_nothing(warehouse, settings) -> None:
    before = warehouse.query("select database, name, uuid from system.tables where database in ('raw', 'ops')")
    prepare_warehouse(warehouse, settings)
    ensure_raw_tables(warehouse)
    after = warehouse.query("select database, name, uuid from system.tables where database in ('raw', 'ops')")
    assert sorted(before.result_rows) == sorted(after.result_rows)
    assert key_in(warehouse) == settings.learner_id_key
    assert warehouse.query("select count() from ops.keys").result_rows == [(1,)]


def test_the_key_may_change_only_while_there_are_no_events(warehouse, settings, put, load) -> None:
    set_learner_id_key(warehouse, "another key")
    assert key_in(warehouse) == "another key"
    set_learner_id_key(warehouse, settings.learner_id_key)
    put("events/web/a.ndjson", [{"a": 1}])
    load()
    with pytest.raises(WarehouseError, match="LEARNER_ID_KEY differs") as raised:
        set_learner_id_key(warehouse, "another key")
    assert "another key" not in str(raised.value)
    assert key_in(warehouse) == settings.learner_id_key
