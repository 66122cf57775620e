"""The gate on real loads, with Great Expectations: who is held, who goes on, and what happens when the gate breaks."""

import threading
from dataclasses import replace

import pytest

from orchestration.expectations import counting
from orchestration.expectations import judge as judge_module
from orchestration.expectations.thresholds import thresholds
from orchestration.expectations.verdict import LoadVerdict
from orchestration.loading import load_pending, pending
from orchestration.loading.loader import load_attempt
from orchestration.loading.state.held import NOT_JUDGED, gate_state, held_objects
from orchestration.loading.state.status import status
from orchestration.loading.state.unjudged import GATE_FAILED
from orchestration.loading.steps import gate
from orchestration.loading.steps.gate import judge_new_loads
from tests.orchestration.loading.conftest import BrokenJudge
from tests.passing_judge import PassingJudge, judge_by

FOUR_IDENTIFIERS = {
    "mbox": "mailto:learner-1@example.org",
    "mbox_sha1sum": "0" * 40,
    "openid": "https://example.org/learner-1",
    "account": {"homePage": "https://example.org", "name": "learner-1"},
}


@pytest.fixture(scope="module")
def verdicts(warehouse, lake, settings, put, statement) -> dict[str, tuple[str, str]]:
    """(verdict, reason) by name, of one load of good and bad objects together."""
    without = {name: [statement(i) for i in range(40)] for name in ("actor", "verb", "object", "timestamp")}
    for name, lines in without.items():
        for line in lines[:20]:
            del line[name]
    good = [statement(i) for i in range(40)]
    objects = {
        "good": good,
        "empty": [],
        "one_bad_line": [*good, "text"],
        "one_bad_of_two": [statement(1), "text"],
        "one_line_that_is_bad": ["text"],
        "rubbish": ["text"] * 40,
        "some_rejected": [*good, "text", "text"],
        "too_many_rejected": [*good, "text", "text", "text"],
        "stored_only": [{**{k: v for k, v in line.items() if k != "timestamp"}, "stored": line["timestamp"]}
                        for line in good],
        "from_the_future": [statement(i, timestamp="2999-01-01T00:00:00Z") for i in range(40)],
        "one_from_the_future": [*good, statement(1, timestamp="2999-01-01T00:00:00Z")],
        "times_in_words": [statement(i, timestamp="yesterday") for i in range(40)],
        "actors_are_lists": [statement(i, actor=["mailto:a@example.org"]) for i in range(40)],
        "objects_are_agents": [statement(i, object={"objectType": "Agent", "openid": "https://a.org/"})
                               for i in range(40)],
        "rare_times": [statement(i, timestamp=time) for i, time in enumerate(
                       ["2026-W01-1T10:00:00Z", "2026-005T10:00:00Z", "2026-01-04T24:00:00Z"])],
        "ids_are_no_uuids": [statement(i, id=f"stmt-{i}") for i in range(40)],
        "times_with_a_zone_name": [statement(i, timestamp="2026-01-05T10:00:00.000Z[UTC]") for i in range(40)],
        "version_0_95": [statement(i, version="0.95") for i in range(40)],
        "mbox_without_mailto": [statement(i, actor={"mbox": "learner-1@example.org"}) for i in range(40)],
        "four_identifiers": [statement(i, actor=FOUR_IDENTIFIERS) for i in range(40)],
        "verbs_are_words": [statement(i, verb={"id": "watched"}) for i in range(40)],
        "bad_language_tags": [statement(i, verb={"id": "http://adlnet.gov/expapi/verbs/experienced",
                                                 "display": {"english (us)": "x"}}) for i in range(40)],
        "objects_are_words": [statement(i, object={"id": "page"}) for i in range(40)],
        "registrations_are_numbers": [statement(i, context={"registration": "4711"}) for i in range(40)],
        "several_reasons": [*good, statement(41, id="a"), statement(42, version="0.9"), "text"],
        "clock_never_set": [statement(i, timestamp="1970-01-01T00:00:00Z") for i in range(40)],
        **{f"without_{name}": lines for name, lines in without.items()},
    }  # fmt: skip
    for name, lines in objects.items():
        put(f"events/web/{name}.ndjson", lines)
    put("catalog/good_catalogue.ndjson", [{"activity_id": "a"}])
    put("catalog/bad_catalogue.ndjson", [{"id": "a"}, {"id": "b"}])
    put("learners/bad_learners.ndjson", [{"actor": "a"}, {"actor": {}}])
    put("learners/good_learners.ndjson", [{"actor": {"mbox": "mailto:a@example.org"}, "course_id": "c"}])
    load_pending(warehouse, lake, settings)
    rows = warehouse.query(
        "select object_key, verdict, reason from ops.first_commits inner join ops.current_verdicts using (object_id)"
    ).result_rows
    return {key.rpartition("/")[2].partition(".")[0]: (verdict, reason) for key, verdict, reason in rows}


@pytest.mark.parametrize(
    "name", ["good", "stored_only", "objects_are_agents", "rare_times", "good_catalogue", "good_learners"]
)
def test_good_objects_pass(verdicts, name: str) -> None:
    assert verdicts[name] == ("pass", "")


@pytest.mark.parametrize("name", ["empty", "one_bad_line", "one_bad_of_two", "some_rejected", "one_from_the_future"])
def test_some_refused_lines_are_noted_and_the_object_published(verdicts, name: str) -> None:
    assert verdicts[name][0] == "quarantine"


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("rubbish", "40 (not_json 40), at most 2 allowed"),
        ("one_line_that_is_bad", "1 (not_json 1), at most 0 allowed"),
        ("too_many_rejected", "3 (not_json 3), at most 2 allowed"),
        ("without_actor", "20 (missing_actor 20), at most 2 allowed"),
        ("actors_are_lists", "40 (invalid_actor 40), at most 2 allowed"),
        ("without_verb", "20 (missing_verb 20), at most 2 allowed"),
        ("without_object", "20 (missing_object 20), at most 2 allowed"),
        ("without_timestamp", "20 (missing_timestamp 20), at most 2 allowed"),
        ("from_the_future", "40 (future_timestamp 40), at most 2 allowed"),
        ("times_in_words", "40 (invalid_timestamp 40), at most 2 allowed"),
        ("times_with_a_zone_name", "40 (invalid_timestamp 40), at most 2 allowed"),
        ("ids_are_no_uuids", "40 (invalid_id 40), at most 2 allowed"),
        ("version_0_95", "40 (unsupported_version 40), at most 2 allowed"),
        ("mbox_without_mailto", "40 (invalid_actor_identifier 40), at most 2 allowed"),
        ("four_identifiers", "40 (several_actor_identifiers 40), at most 2 allowed"),
        ("verbs_are_words", "40 (invalid_verb 40), at most 2 allowed"),
        ("bad_language_tags", "40 (invalid_verb 40), at most 2 allowed"),
        ("objects_are_words", "40 (invalid_object 40), at most 2 allowed"),
        ("registrations_are_numbers", "40 (invalid_registration 40), at most 2 allowed"),
        ("several_reasons", "3 (invalid_id 1, not_json 1, unsupported_version 1), at most 2 allowed"),
        ("bad_catalogue", "2 (missing_activity_id 2), at most 1 allowed"),
        ("bad_learners", "2 (missing_actor_identifier 2), at most 1 allowed"),
    ],
)
def test_an_object_that_is_mostly_refused_is_held_with_its_reason(verdicts, name: str, counts: str) -> None:
    assert verdicts[name] == ("block", f"refused lines: {counts}")


def test_times_that_staging_accepts_and_no_device_can_mean_hold_an_object_too(verdicts) -> None:
    assert verdicts["clock_never_set"] == ("block", "lines dated before the year 2000: 40, at most 2 allowed")


def test_the_gate_counts_what_staging_refuses(warehouse, verdicts) -> None:
    """Of every object of these loads, published or held, by the same rules as the lines of the marts."""
    refused = dict(
        warehouse.query(
            "select object_key, refused_by_reason from ops.object_refusals inner join ops.load_commits "
            "using (load_id, object_id)"
        ).result_rows
    )
    assert refused["events/web/several_reasons.ndjson"] == {"invalid_id": 1, "not_json": 1, "unsupported_version": 1}
    assert refused["events/web/one_from_the_future.ndjson"] == {"future_timestamp": 1}
    assert "events/web/good.ndjson" not in refused


def test_only_the_held_objects_are_not_live(warehouse, lake, verdicts) -> None:
    live = {row[0] for row in warehouse.query("select object_key from ops.live_objects").result_rows}
    assert {key.rpartition("/")[2].partition(".")[0] for key in live} == {
        name for name, (verdict, _) in verdicts.items() if verdict != "block"
    }
    now = status(warehouse, lake)
    assert now.adds_up
    assert now.held == sum(verdict == "block" for verdict, _ in verdicts.values())


def test_no_value_of_an_actor_leaves_the_engine(warehouse, verdicts) -> None:
    recorded = str(warehouse.query("select * from ops.load_gates").result_rows)
    recorded += str(warehouse.query("select * from ops.object_profiles").result_rows)
    recorded += str(warehouse.query("select * from ops.gate_faults").result_rows)
    assert "lines refused as missing_actor" in recorded
    assert "learner-" not in recorded
    assert "example.org" not in recorded


def test_a_gate_that_raises_holds_the_load_and_is_tried_again_three_times(
    warehouse, lake, settings, put, statement, verdicts, monkeypatch
) -> None:
    judge_by(monkeypatch, BrokenJudge)
    key = put("events/web/unlucky.ndjson", [statement(1)])
    report = load_pending(warehouse, lake, settings)
    assert [held.key for held in report.judgement.held if held.is_gate_failure] == [key]
    assert report.judgement.held[0].reason == GATE_FAILED + "expect_something: the engine said no"
    assert key not in {row[0] for row in warehouse.query("select object_key from ops.live_objects").result_rows}
    assert [judge_new_loads(warehouse, settings).judged_count for _ in range(3)] == [1, 1, 0]


class HangingJudge:
    """Answers about the first load of its life, and then never again."""

    def __init__(self) -> None:
        self.is_first = True

    def judge(self, load_id: str, kind: str, object_count: int) -> LoadVerdict:
        if not self.is_first:
            threading.Event().wait(60)
        self.is_first = False
        return LoadVerdict()


def deliver_loads(warehouse, lake, settings, put, statement, names: list[str]) -> list[str]:
    """One load per name, none of them judged; the keys."""
    keys = []
    for name in names:
        keys.append(put(f"events/web/{name}.ndjson", [statement(1)]))
        load_attempt(warehouse, lake, settings, pending(warehouse, lake))
    return keys


def test_a_gate_that_hangs_holds_the_load_and_the_others_are_judged(
    warehouse, lake, settings, put, statement, verdicts, monkeypatch
) -> None:
    """A new judge takes the next load: the thread that hangs still has the old one."""
    monkeypatch.setattr(gate, "thresholds", lambda: replace(thresholds(), judge_seconds_max=15))
    judges = iter([HangingJudge(), PassingJudge()])
    judge_by(monkeypatch, lambda: next(judges))
    passed, hung, after = deliver_loads(warehouse, lake, settings, put, statement, ["h1", "h2", "h3"])
    judgement = judge_new_loads(warehouse, settings, is_everything=False)
    held = {held_object.key: held_object.reason for held_object in judgement.held}
    assert held[hung] == GATE_FAILED + "no answer within 15 seconds"
    live = {row[0] for row in warehouse.query("select object_key from ops.live_objects").result_rows}
    assert {passed, after} <= live
    assert hung not in live


def test_a_gate_that_hangs_at_everything_leaves_the_rest_to_the_next_run(
    warehouse, lake, settings, put, statement, verdicts, monkeypatch
) -> None:
    monkeypatch.setattr(gate, "thresholds", lambda: replace(thresholds(), judge_seconds_max=0.3))
    judge_by(monkeypatch)
    monkeypatch.setattr(gate, "profile_load", lambda *arguments: threading.Event().wait(60))
    keys = deliver_loads(warehouse, lake, settings, put, statement, ["x1", "x2", "x3", "x4"])
    judge_new_loads(warehouse, settings, is_everything=False)
    reasons = {held_object.key: held_object.reason for held_object in held_objects(warehouse)}
    assert [reasons[key] == NOT_JUDGED for key in keys].count(True) >= 4 - gate.MAX_HANGS
    monkeypatch.undo()
    judge_by(monkeypatch)
    judge_new_loads(warehouse, settings, is_everything=False)
    assert not set(keys) & {held_object.key for held_object in held_objects(warehouse)}


def test_a_gate_that_raises_at_one_load_does_not_delay_the_others(
    warehouse, lake, settings, put, statement, verdicts, monkeypatch
) -> None:
    """Great Expectations itself raises: the facts of one load cannot be read."""
    before, broken, after = deliver_loads(warehouse, lake, settings, put, statement, ["r1", "r2", "r3"])
    [(unlucky,)] = warehouse.query(f"select load_id from ops.load_commits where object_key = '{broken}'").result_rows
    monkeypatch.setattr(counting, "count_rows", lambda *_: (1, 1))
    query = judge_module.facts_query
    monkeypatch.setattr(
        judge_module,
        "facts_query",
        lambda load_id, kind: "select no_such_column" if load_id == unlucky else query(load_id, kind),
    )
    judgement = judge_new_loads(warehouse, settings, is_everything=False)
    [reason] = [held_object.reason for held_object in judgement.held if held_object.key == broken]
    assert reason.startswith(GATE_FAILED)
    assert "no_such_column" in reason
    live = {row[0] for row in warehouse.query("select object_key from ops.live_objects").result_rows}
    assert {before, after} <= live
    assert broken not in live


def test_a_held_object_says_which_expectation_and_where_to_look(warehouse, lake, verdicts) -> None:
    held = {held_object.key: held_object for held_object in status(warehouse, lake).held_objects}
    [fault] = held["events/web/too_many_rejected.ndjson"].faults
    assert (fault.meaning, fault.found) == ("lines refused as not_json (the line is not JSON)", 3)
    assert (fault.expected, fault.line_numbers) == ("at most 2 refused lines in all", [41, 42, 43])
    [fault] = held["events/web/without_actor.ndjson"].faults
    assert fault.meaning == "lines refused as missing_actor (who: the statement has no actor)"
    assert (fault.found, fault.line_numbers) == (20, [1, 2, 3, 4, 5])
    [fault] = held["learners/bad_learners.ndjson"].faults
    assert fault.line_numbers == [1, 2]
    several = held["events/web/several_reasons.ndjson"]
    assert [(fault.found, fault.line_numbers) for fault in several.faults] == [(1, [41]), (1, [43]), (1, [42])]
    assert (several.lines, several.rejected) == (43, 3)
    [fault] = held["events/web/clock_never_set.ndjson"].faults
    assert (fault.found, fault.line_numbers) == (40, [1, 2, 3, 4, 5])


def test_after_the_gate_is_mended_the_load_passes(warehouse, lake, settings, put, statement, monkeypatch) -> None:
    judge_by(monkeypatch, BrokenJudge)
    key = put("events/web/lucky.ndjson", [statement(1)])
    load_pending(warehouse, lake, settings)
    monkeypatch.undo()
    judgement = judge_new_loads(warehouse, settings)
    assert judgement.published_count > 0
    assert key not in {held_object.key for held_object in judgement.held}
    assert key in {row[0] for row in warehouse.query("select object_key from ops.live_objects").result_rows}


def test_the_state_of_the_gate_tells_this_run_from_earlier_ones(warehouse, verdicts) -> None:
    last = warehouse.query("select max(judged_at) from ops.load_gates").result_rows[0][0]
    state = gate_state(warehouse, last)
    assert len(state.judged_now) == state.published_now == 1
    assert len(state.held) == sum(verdict == "block" for verdict, _ in verdicts.values()) + 1
