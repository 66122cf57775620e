"""The comparison of raw, ledger and lake: what it finds, what it repairs, what it records."""

import time

import pytest

from orchestration.loading import load_pending
from orchestration.loading.lake.scope import Scope
from orchestration.loading.state.history import last_reconcile
from orchestration.loading.upkeep import comparison


@pytest.fixture
def compare(warehouse, load, monkeypatch):
    """compare() loads everything as a night does, and returns the counts and the findings."""

    def night():
        monkeypatch.setattr(comparison, "COMPARE_EVERY", comparison.COMPARE_EVERY * 0)
        report = load()
        monkeypatch.undo()
        last = last_reconcile(warehouse)
        return report, last.counts, last.findings

    return night


def test_nothing_is_found_where_all_is_in_order(put, compare, statement) -> None:
    for name in ("a", "b", "empty"):
        put(f"events/web/{name}.ndjson", [statement(i) for i in range(5)] if name != "empty" else b"")
    for _ in range(2):
        _, counts, findings = compare()
        assert counts == {"damaged": 0, "missing_in_lake": 0, "never_seen": 0, "objects": 3}
        assert findings == []


def test_lines_lost_from_raw_are_back_after_the_same_load(warehouse, compare, live_lines) -> None:
    warehouse.command("delete from raw.event_lines where object_key = 'events/web/a.ndjson' and line_number > 2")
    assert dict(live_lines())["events/web/a.ndjson"] == 2
    report, counts, [finding] = compare()
    assert (report.object_count, counts["damaged"]) == (1, 1)
    assert finding.detail == "the ledger has 5 lines, raw.event_lines has 2; revoked, and loaded again"
    assert dict(live_lines())["events/web/a.ndjson"] == 5


def test_a_live_object_that_the_lake_lost_is_reported_and_stays_live(delete, compare, live_lines) -> None:
    delete("events/web/b.ndjson")
    _, counts, [finding] = compare()
    assert (counts["missing_in_lake"], finding.finding, finding.key) == (1, "missing_in_lake", "events/web/b.ndjson")
    assert dict(live_lines())["events/web/b.ndjson"] == 5


def test_an_older_version_that_is_still_live_is_not_missing(put, compare, live_lines) -> None:
    """The lake lists the key, with a version that cannot be read."""
    put("events/web/late.ndjson.gz", [{"a": 1}])
    compare()
    put("events/web/late.ndjson.gz", b"not gzip")
    _, counts, _ = compare()
    assert dict(live_lines())["events/web/late.ndjson.gz"] == 1
    assert counts["missing_in_lake"] == 1


def test_what_was_in_the_lake_and_not_seen_is_reported_once(warehouse, put, compare, statement) -> None:
    put("events/web/unseen.ndjson", [statement(1)])
    time.sleep(0.01)
    warehouse.command("insert into ops.reconcile_findings select now64(3), 'checked', '', '', '', '{}'")
    put("events/web/new.ndjson", [statement(1)])
    report, counts, findings = compare()
    assert (report.object_count, counts["never_seen"]) == (2, 1)
    assert "events/web/unseen.ndjson" in {finding.key for finding in findings if finding.finding == "never_seen"}
    assert compare()[1]["never_seen"] == 0


def test_it_runs_at_most_every_twelve_hours_and_only_with_everything(
    warehouse, lake, settings, load, passing_judge
) -> None:
    checks = "select count() from ops.reconcile_findings where finding = 'checked'"
    before = warehouse.query(checks).result_rows
    load()
    load_pending(warehouse, lake, settings, scope=Scope(("events/web/",)))
    assert warehouse.query(checks).result_rows == before


def test_only_the_first_findings_are_kept(put, delete, compare, statement, monkeypatch) -> None:
    monkeypatch.setattr(comparison, "KEPT_FINDINGS", 2)
    keys = [put(f"events/web/many/{i}.ndjson", [statement(i)]) for i in range(4)]
    compare()
    for key in keys:
        delete(key)
    monkeypatch.setattr(comparison, "KEPT_FINDINGS", 2)
    _, counts, findings = compare()
    assert counts["missing_in_lake"] == 5
    assert len(findings) == 2
