"""Rows reach the ledger once, whatever happens to the reply."""

from datetime import UTC, datetime, timedelta

import pytest
from clickhouse_connect.driver.exceptions import OperationalError

from orchestration.loading import LoadError, load_pending, pending
from orchestration.loading.ledger.entries import insert_rows, server_now
from orchestration.resources.warehouse import connect


@pytest.fixture
def reply_lost_once(settings, monkeypatch):
    """reply_lost_once(table) is a client whose connection breaks once the engine has an insert into the table."""

    def build(table: str):
        client = connect(settings)
        pool = client._backend.http
        request, lost = pool.request, []

        def send(method, url, **arguments):
            response = request(method, url, **arguments)
            sent = url + str(arguments.get("body", "")) + str(arguments.get("fields", ""))
            if not lost and f"ops.{table} (" in sent.replace("+", " ").replace("%28", "(") and "nsert" in sent:
                lost.append(table)
                raise ConnectionResetError("the reply is lost")
            return response

        monkeypatch.setattr(pool, "request", _as_transport_error(send))
        return client, lost

    return build


def _as_transport_error(send):
    from urllib3.exceptions import ProtocolError

    def wrapped(method, url, **arguments):
        try:
            return send(method, url, **arguments)
        except ConnectionResetError as error:
            raise ProtocolError("Connection aborted.", error) from error

    return wrapped


def test_the_driver_repeats_an_insert_whose_reply_was_lost(reply_lost_once, warehouse) -> None:
    """Why the ledger does not use it: the day this fails, `insert_rows` may be simpler."""
    client, lost = reply_lost_once("keys")
    row = ["twice", "", datetime.now(UTC)]
    client.insert("ops.keys", [row], column_names=["name", "value", "set_at"])
    count = warehouse.query("select count() from ops.keys where name = 'twice'").result_rows[0][0]
    assert count == 1 + len(lost)


def test_a_row_of_the_ledger_is_written_once_or_not_at_all(reply_lost_once, warehouse) -> None:
    client, lost = reply_lost_once("load_revocations")
    columns = ("load_id", "object_id", "cause", "reason", "revoked_at")
    with pytest.raises(OperationalError):
        insert_rows(client, "load_revocations", columns, [["l", "o", "lost", 'it\'s \\ "quoted"\n', datetime.now(UTC)]])
    assert lost
    rows = warehouse.query("select reason from ops.load_revocations where load_id = 'l'").result_rows
    assert rows == [('it\'s \\ "quoted"\n',)]


@pytest.mark.parametrize("table", ["load_plan", "load_commits", "load_gates"])
def test_a_load_whose_reply_was_lost_at_any_step_ends_in_whole_objects(
    reply_lost_once, warehouse, lake, settings, put, passing_judge, load, live_lines, statement, table
) -> None:
    key = put(f"events/lost/{table}.ndjson", [statement(i) for i in range(10)])
    client, lost = reply_lost_once(table)
    with pytest.raises(LoadError, match="run the load again"):
        load_pending(client, lake, settings)
    assert lost == [table]
    load()
    assert dict(live_lines())[key] == 10
    assert pending(warehouse, lake) == []
    doubled = "select load_id, object_id from ops.load_commits group by load_id, object_id having count() > 1"
    assert warehouse.query(doubled).result_rows == []


def test_the_clock_is_the_engines(warehouse, settings, put, load, statement, monkeypatch) -> None:
    """A loader set back by years must not have its rows collected while it works, nor hide behind an old commit."""

    class Yesterday(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) - timedelta(days=3000)

    steps = ("steps.discover", "steps.plan", "steps.collect", "steps.gate")
    others = ("recovery.failures", "upkeep.comparison", "upkeep.supersede", "state.builds", "ledger.entries")
    for module in (*steps, *others):
        monkeypatch.setattr(f"orchestration.loading.{module}.datetime", Yesterday, raising=False)
    key = put("events/web/clock.ndjson", [statement(1)])
    load()
    planned_at, committed_at, judged_at, load_id = warehouse.query(
        "select planned_at, committed_at, judged_at, load_id from ops.load_plan "
        "inner join ops.load_commits using (load_id) inner join ops.load_gates using (load_id) "
        f"where load_plan.object_key = '{key}'"
    ).result_rows[0]
    now = server_now(warehouse)
    assert all(timedelta() <= now - moment < timedelta(minutes=1) for moment in (planned_at, committed_at, judged_at))
    assert int(load_id.replace("-", "")[:12], 16) == int(planned_at.timestamp() * 1000)
