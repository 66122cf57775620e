"""What is older than the project keeps it goes, and does not come back from the lake."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestration.loading import status
from orchestration.loading.upkeep import expire
from orchestration.loading.upkeep.expire import Retention, read_retention

LIVE = "(load_id, object_id) in (select load_id, object_id from ops.live_objects)"


@pytest.fixture
def keep(monkeypatch: pytest.MonkeyPatch):
    """keep(events=…, records=…) sets the limits, in days."""
    return lambda events=None, records=None: monkeypatch.setattr(
        expire, "retention", lambda: Retention({"events": events, "learners": None}, records)
    )


def age(warehouse, key: str, days: int) -> None:
    """Make the ledger believe that an object was delivered some days ago."""
    for table in ("load_commits", "load_plan"):
        warehouse.command(
            f"alter table ops.{table} update last_modified = last_modified - toIntervalDay({days}) "
            f"where object_key = '{key}'",
            settings={"mutations_sync": 2},
        )


def test_lines_of_old_objects_are_refused_without_their_text_and_stay_so(
    warehouse, lake, put, statement, load, keep, monkeypatch
) -> None:
    old, new = put("events/old/a.ndjson", [statement(1), statement(2)]), put("events/new/a.ndjson", [statement(3)])
    load()
    age(warehouse, old, 100)
    # The lake of this test cannot lie about times: of what is read again, its own condition decides.
    monkeypatch.setattr("orchestration.loading.steps.land.is_expired", lambda kind, _: f"planned.planned_key = '{old}'")
    keep(events=90)
    load()
    query = f"select object_key, reject, countIf(line != ''), count() from raw.event_lines where {LIVE} group by 1, 2"
    assert set(warehouse.query(query).result_rows) == {(old, "expired", 0, 2), (new, "", 1, 1)}
    causes = "select cause, count() from ops.load_revocations group by cause"
    assert warehouse.query(causes).result_rows == [("expired", 1)]
    assert load().object_count == 0, "it is not read again and again"
    assert status(warehouse, lake).adds_up


def test_the_condition_holds_for_old_deliveries_only(warehouse, keep) -> None:
    keep(events=90)
    moments = {
        days: warehouse.query(
            f"select {expire.is_expired('events', '{at:DateTime64(3)}')}",
            parameters={"at": datetime.now(UTC) - timedelta(days=days)},
        ).result_rows[0][0]
        for days in (89, 91)
    }
    assert moments == {89: 0, 91: 1}
    assert expire.is_expired("learners", "x") == expire.is_expired("catalog", "x") == "false"


def test_old_records_go(warehouse, keep, load) -> None:
    now = datetime.now(UTC)
    for days in (10, 100):
        warehouse.command(
            "insert into ops.interventions values ('l', 'c', {at:DateTime64(3)}, 'mail')",
            parameters={"at": now - timedelta(days=days)},
        )
    keep(records=30)
    load()
    warehouse.command("optimize table ops.interventions final")
    assert warehouse.query("select count() from ops.interventions").result_rows == [(1,)]


@pytest.mark.parametrize("days", ["-1", "0", "soon", "1.5", "true"])
def test_a_limit_is_a_number_of_days(days) -> None:
    with pytest.raises(ValueError, match="retention_event_days"):
        read_retention(f"vars: {{retention_event_days: {days}}}")
    assert read_retention("vars: {}") == Retention({"events": None, "learners": None}, None)
