"""Tables and the pseudonym key: preparing again changes nothing, and a second key is refused."""

import pytest

from orchestration.loading import WarehouseError, ensure_raw_tables, prepare_warehouse, set_learner_id_key
from orchestration.loading.ledger import tables


def key_in(warehouse) -> str:
    return warehouse.query("select value from ops.keys final where name = 'learner_id_key'").result_rows[0][0]


def test_preparing_twice_changes_nothing(warehouse, settings) -> None:
    before = warehouse.query("select database, name, uuid from system.tables where database in ('raw', 'ops')")
    prepare_warehouse(warehouse, settings)
    ensure_raw_tables(warehouse)
    after = warehouse.query("select database, name, uuid from system.tables where database in ('raw', 'ops')")
    assert sorted(before.result_rows) == sorted(after.result_rows)
    assert key_in(warehouse) == settings.learner_id_key
    assert warehouse.query("select count() from ops.keys where name = 'learner_id_key'").result_rows == [(1,)]


def test_a_ledger_of_before_there_were_forms_gets_the_column(warehouse) -> None:
    warehouse.command("alter table ops.load_commits drop column form")
    warehouse.command("alter table ops.keys delete where name = 'tables' settings mutations_sync = 1")
    ensure_raw_tables(warehouse)
    assert warehouse.query("select count() from ops.load_commits where form = 'lines'").result_rows == [(0,)]


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


def test_a_prepared_warehouse_costs_one_query(warehouse, settings, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(warehouse, "command", lambda *arguments, **options: asked.append(arguments))
    query = warehouse.query
    monkeypatch.setattr(
        warehouse, "query", lambda *arguments, **options: asked.append(1) or query(*arguments, **options)
    )
    prepare_warehouse(warehouse, settings)
    assert asked == [1]


def test_changed_statements_are_applied_to_a_warehouse_with_rows(warehouse, monkeypatch, tmp_path) -> None:
    changed = tmp_path / "changed.sql"
    changed.write_text(
        tables._STATEMENTS.read_text() + "\nalter table ops.load_plan add column if not exists extra UInt8 default 7;\n"
    )
    monkeypatch.setattr(tables, "_STATEMENTS", changed)
    rows = warehouse.query("select count() from ops.load_plan").result_rows
    assert rows != [(0,)]
    ensure_raw_tables(warehouse)
    assert warehouse.query("select count() from ops.load_plan where extra = 7").result_rows == rows


@pytest.mark.parametrize("gone", ["table raw.learner_lines", "view ops.live_objects"])
def test_what_somebody_dropped_is_made_again(warehouse, settings, gone: str) -> None:
    warehouse.command(f"drop {gone} sync")
    prepare_warehouse(warehouse, settings)
    assert warehouse.query(f"select count() from {gone.split()[1]}").result_rows


def test_a_kill_on_the_way_leaves_the_rest_to_the_next(warehouse, settings, monkeypatch) -> None:
    warehouse.command("drop view ops.live_objects sync")
    command = warehouse.command

    def dies(statement, *arguments, **options):
        if "view ops.live_objects" in statement:
            raise KeyboardInterrupt
        return command(statement, *arguments, **options)

    monkeypatch.setattr(warehouse, "command", dies)
    with pytest.raises(KeyboardInterrupt):
        prepare_warehouse(warehouse, settings)
    monkeypatch.undo()
    prepare_warehouse(warehouse, settings)
    assert warehouse.query("select count() from ops.live_objects").result_rows
