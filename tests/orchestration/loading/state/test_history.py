"""What happened lately: days without gaps, revocations together, the last reconcile that came to its end."""

from datetime import timedelta

import pytest

from orchestration.loading.state.history import DAYS, ReconcileFinding, last_reconcile, loads_by_day, revocations


@pytest.fixture(scope="module")
def commits(warehouse):
    """commits(days_ago, load_id, objects) enters objects of ten lines, one of them rejected."""

    def enter(days_ago: int, load_id: str, objects: int) -> None:
        warehouse.command(
            "insert into ops.load_commits (load_id, object_id, object_key, line_count, rejected_count, size_bytes, "
            "committed_at) select {load_id:String}, concat({load_id:String}, toString(number)), toString(number), "
            "10, 1, 100, now64(3, 'UTC') - toIntervalDay({days:UInt32}) from numbers({objects:UInt32})",
            parameters={"days": days_ago, "load_id": load_id, "objects": objects},
        )

    return enter


def revoke_rows(warehouse, cause: str, reason: str, objects: str, days_ago: int = 0) -> None:
    warehouse.command(
        "insert into ops.load_revocations (load_id, object_id, cause, reason, revoked_at) select load_id, object_id, "
        "{cause:String}, {reason:String}, now64(3, 'UTC') - toIntervalDay({days:UInt32}) from ops.load_commits "
        "where load_id = {load_id:String}",
        parameters={"cause": cause, "reason": reason, "load_id": objects, "days": days_ago},
    )


def test_no_load_is_no_day(warehouse) -> None:
    assert loads_by_day(warehouse) == []
    assert revocations(warehouse) == []
    assert last_reconcile(warehouse) is None


def test_days_start_at_the_first_load_and_have_no_gap(warehouse, commits) -> None:
    commits(DAYS + 2, "before", 5)
    commits(3, "a", 2)
    commits(3, "b", 1)
    commits(0, "c", 4)
    days = loads_by_day(warehouse)
    assert [(day.loads, day.objects, day.lines, day.rejected, day.stored_bytes) for day in days] == [
        (2, 3, 30, 3, 300),
        (0, 0, 0, 0, 0),
        (0, 0, 0, 0, 0),
        (1, 4, 40, 4, 400),
    ]
    assert days[-1].day - days[0].day == timedelta(days=3)


def test_losers_of_a_race_were_not_loaded_twice_and_revocations_are_told_by_cause(warehouse, commits) -> None:
    commits(0, "loser", 3)
    revoke_rows(warehouse, "lost", "another attempt committed first", "loser")
    revoke_rows(warehouse, "replayed", "wrong course ids", "a")
    revoke_rows(warehouse, "damaged", "long ago", "before", days_ago=DAYS + 1)
    assert loads_by_day(warehouse)[-1].objects == 4
    assert sorted(
        (revocation.cause, revocation.reason, revocation.objects) for revocation in revocations(warehouse)
    ) == [
        ("lost", "another attempt committed first", 3),
        ("replayed", "wrong course ids", 2),
    ]


def test_a_reconcile_that_was_cut_off_does_not_count(warehouse) -> None:
    warehouse.command(
        "insert into ops.reconcile_findings (checked_at, finding, object_key, object_id, load_id, detail) values "
        "('2026-01-05 03:00:00', 'damaged', 'old', 'o', 'l', 'older'), "
        "('2026-01-05 03:00:00', 'checked', '', '', '', '{}'), "
        "('2026-01-06 03:00:00', 'missing_in_lake', 'k', 'o', 'l', 'not listed'), "
        """('2026-01-06 03:00:00', 'checked', '', '', '', '{"objects": 2, "missing_in_lake": 1}'), """
        "('2026-01-07 03:00:00', 'damaged', 'k2', 'o2', 'l2', 'the run was killed')"
    )
    reconcile = last_reconcile(warehouse)
    assert f"{reconcile.checked_at:%Y-%m-%d}" == "2026-01-06"
    assert reconcile.counts == {"objects": 2, "missing_in_lake": 1}
    assert reconcile.findings == [ReconcileFinding("missing_in_lake", "k", "o", "l", "not listed")]
