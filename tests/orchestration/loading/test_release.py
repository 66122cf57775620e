"""A person publishes what the gate holds: what counts from then on, what may not be released, and that it stays."""

import pytest

from orchestration.loading import load_pending, pending, status
from orchestration.loading.ledger.revoke import revoke
from orchestration.loading.loader import load_attempt
from orchestration.loading.release import ReleaseError, release
from orchestration.loading.state.unjudged import GATE_FAILED
from orchestration.loading.steps.gate import judge_new_loads
from tests.orchestration.loading.conftest import BrokenJudge, HoldingJudge
from tests.passing_judge import PassingJudge, judge_by

REASON = "the exporter is known to send these"


@pytest.fixture
def hold(warehouse, lake, settings, put, statement, monkeypatch):
    """hold(*names) delivers objects that the gate holds, and returns the load's id and their keys."""

    def deliver(*names: str) -> tuple[str, list[str]]:
        keys = [put(f"events/web/{name}.ndjson", [statement(number) for number in range(3)]) for name in names]
        with monkeypatch.context() as patched:
            judge_by(patched, HoldingJudge)
            report = load_pending(warehouse, lake, settings)
        # What another test has revoked is due again, and may come along.
        [load_id] = {held_object.load_id for held_object in report.judgement.held if held_object.key in keys}
        return load_id, keys

    return deliver


@pytest.fixture
def live(warehouse):
    """live() are the keys that readers see."""
    return lambda: {row[0] for row in warehouse.query("select object_key from ops.live_objects").result_rows}


def verdicts(warehouse, key: str) -> list[tuple[str, str]]:
    return warehouse.query(
        "select verdict, reason from ops.load_gates where object_id in "
        "(select object_id from ops.load_commits where object_key = {key:String}) order by judged_at",
        parameters={"key": key},
    ).result_rows


def test_a_released_load_is_live_by_a_recorded_decision(warehouse, lake, settings, hold, live) -> None:
    load_id, keys = hold("a", "b")
    before = status(warehouse, lake)
    report = release(warehouse, settings, load_id, REASON)
    assert (report.load_id, report.released, report.refused) == (load_id, keys, [])
    assert set(keys) <= live()
    assert verdicts(warehouse, keys[0])[-1] == ("release", REASON)
    after = status(warehouse, lake)
    assert (after.held, after.live) == (before.held - 2, before.live + 2)
    assert after.adds_up
    assert not set(keys) & {held_object.key for held_object in after.held_objects}


def test_the_beginning_of_an_id_is_enough_when_it_is_the_only_one(warehouse, settings, hold) -> None:
    load_id, keys = hold("prefix")
    assert release(warehouse, settings, f" {load_id[:-4].upper()}", REASON).released == keys
    with pytest.raises(ReleaseError, match="Several loads begin with '0': "):
        release(warehouse, settings, "0", REASON)
    for nothing in ("no-such-load", " "):
        with pytest.raises(ReleaseError, match="No load begins with"):
            release(warehouse, settings, nothing, REASON)


def test_one_object_of_a_load(warehouse, settings, hold, live) -> None:
    load_id, (first, second) = hold("one", "two")
    assert release(warehouse, settings, load_id, REASON, [first]).released == [first]
    assert first in live()
    assert second not in live()
    with pytest.raises(ReleaseError, match=r"has no object 'events/web/other.ndjson'. Its objects begin with: "):
        release(warehouse, settings, load_id, REASON, ["events/web/other.ndjson"])
    assert release(warehouse, settings, load_id, REASON).released == [second]


def test_a_second_release_changes_nothing(warehouse, settings, hold) -> None:
    load_id, keys = hold("again")
    release(warehouse, settings, load_id, REASON)
    before = verdicts(warehouse, keys[0])
    report = release(warehouse, settings, load_id, "another reason")
    assert (report.released, report.released_before) == ([], keys)
    assert verdicts(warehouse, keys[0]) == before


def test_what_is_not_held_is_refused_with_what_was_found(warehouse, lake, settings, put, statement, passing_judge):
    key = put("events/web/passed.ndjson", [statement(1)])
    load_pending(warehouse, lake, settings)
    [(load_id,)] = warehouse.query(f"select load_id from ops.load_commits where object_key = '{key}'").result_rows
    with pytest.raises(ReleaseError, match=r"holds nothing of load .*: its object passed"):
        release(warehouse, settings, load_id, REASON)
    with pytest.raises(ReleaseError, match=r"passed\.ndjson: the gate let it through"):
        release(warehouse, settings, load_id, REASON, [key])
    with pytest.raises(ReleaseError, match="--reason is empty"):
        release(warehouse, settings, load_id, "  ")


def test_what_nobody_has_judged_is_left_to_the_gate(warehouse, lake, settings, put, statement, passing_judge) -> None:
    put("events/web/unjudged.ndjson", [statement(1)])
    load_id = load_attempt(warehouse, lake, settings, pending(warehouse, lake)).load_id
    with pytest.raises(ReleaseError, match="not judged yet: 'warehouse run' does it"):
        release(warehouse, settings, load_id, REASON)
    assert judge_new_loads(warehouse, settings).published_count == 1


def test_a_revoked_reading_is_refused(warehouse, settings, hold, live) -> None:
    load_id, keys = hold("revoked")
    [(object_id,)] = warehouse.query(
        f"select object_id from ops.load_commits where object_key = '{keys[0]}'"
    ).result_rows
    revoke(warehouse, [(load_id, object_id)], "damaged", "raw has 2 lines, the ledger 3")
    with pytest.raises(ReleaseError, match=r"this reading of it was revoked \(damaged, raw has 2 lines, the ledger 3"):
        release(warehouse, settings, load_id, REASON)
    assert keys[0] not in live()


@pytest.mark.parametrize("judge", [PassingJudge, HoldingJudge])
def test_a_version_with_a_later_one_is_refused(warehouse, lake, settings, put, statement, hold, monkeypatch, judge):
    name = f"old_{judge.__name__}"
    load_id, keys = hold(name)
    put(keys[0], [statement(number) for number in range(4)])
    judge_by(monkeypatch, judge)
    load_pending(warehouse, lake, settings)
    with pytest.raises(ReleaseError, match="later version of the key"):
        release(warehouse, settings, load_id, REASON, keys)


def test_a_corrected_version_replaces_what_was_released(
    warehouse, lake, settings, put, statement, hold, live_lines, passing_judge
) -> None:
    load_id, keys = hold("corrected")
    release(warehouse, settings, load_id, REASON)
    assert dict(live_lines())[keys[0]] == 3
    put(keys[0], [statement(number) for number in range(5)])
    load_pending(warehouse, lake, settings)
    assert dict(live_lines())[keys[0]] == 5
    assert status(warehouse, lake).adds_up


def test_a_verdict_that_is_written_after_the_release_does_not_overturn_it(
    warehouse, lake, settings, put, statement, live, monkeypatch
) -> None:
    """The gate failed, a person released, and a gate that had begun before writes its block."""
    judge_by(monkeypatch, BrokenJudge)
    key = put("events/web/race.ndjson", [statement(1)])
    [held] = load_pending(warehouse, lake, settings).judgement.held
    release(warehouse, settings, held.load_id, REASON)
    assert judge_new_loads(warehouse, settings).judged_count == 0
    warehouse.command(
        "insert into ops.load_gates (load_id, object_id, verdict, reason, judged_at) "
        f"values ('{held.load_id}', '{held.object_id}', 'block', '{GATE_FAILED}too late', now64(3) + 1)"
    )
    assert judge_new_loads(warehouse, settings).judged_count == 0
    assert key in live()
    assert key not in {held_object.key for held_object in status(warehouse, lake).held_objects}


def test_a_released_object_that_is_read_again_is_released_again(warehouse, lake, settings, hold, live, monkeypatch):
    """Raw was damaged, and nightly has revoked the reading and loads the object once more."""
    load_id, keys = hold("damaged")
    release(warehouse, settings, load_id, REASON)
    [(object_id,)] = warehouse.query(
        f"select object_id from ops.load_commits where object_key = '{keys[0]}'"
    ).result_rows
    revoke(warehouse, [(load_id, object_id)], "damaged", "raw has 2 lines, the ledger 3")
    assert keys[0] not in live()
    judge_by(monkeypatch, HoldingJudge)
    assert load_pending(warehouse, lake, settings).judgement.published_count == 1
    assert keys[0] in live()
    assert verdicts(warehouse, keys[0])[-1] == ("release", REASON)
