"""Each expectation on a load with the object that provokes it; Great Expectations judges one load of them all."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.expectations import facts
from orchestration.expectations.counting import SparingJudge
from orchestration.expectations.judge import GateError, LoadJudge
from orchestration.expectations.thresholds import thresholds
from orchestration.expectations.verdict import LoadVerdict
from tests.faulty_objects import objects_at_fault

LOAD_ID, EARLIER_LOAD_ID = (str(uuid.UUID(int=number)) for number in (1, 2))
DELIVERED_AT = datetime(2026, 1, 20, 12, tzinfo=UTC)
FIRST_DELIVERED_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
RAW = ["load_id", "object_id", "object_key", "source", "line_number", "line", "reject", "delivered_at", "loaded_at"]
LEDGER = ["load_id", "object_id", "kind", "source", "object_key", "last_modified", "line_count", "committed_at"]
REFUSED_OBJECTS = 25
"""More than the 20 rows at fault that Great Expectations returns by itself: the 21st bad object used to pass."""


def at(line: dict, when: datetime) -> dict:
    return line | {"timestamp": when.isoformat().replace("+00:00", "Z")}


def lacking(lines: list[dict], ending: str, count: int) -> list[dict]:
    """The first lines without the extension whose IRI ends so."""
    copied = [json.loads(json.dumps(line)) for line in lines]
    for line in copied[:count]:
        for part in ("result", "context"):
            extensions = line.get(part, {}).get("extensions", {})
            for iri in [iri for iri in extensions if iri.endswith(ending)]:
                del extensions[iri]
    return copied


def objects(family_lines) -> dict[str, tuple[str, list]]:
    """Name → (source, lines)."""
    recent = DELIVERED_AT - timedelta(hours=1)
    week_ago = DELIVERED_AT - timedelta(hours=thresholds().late_hours + 1)

    def fresh(family: str, count: int = 600) -> list[dict]:
        return [at(line, recent) for line in family_lines(family, count)]

    video, answers, moves = fresh("video"), fresh("assessment"), fresh("navigation")
    return {
        **{f"good_{name}": ("web", lines) for name, lines in (("video", video), ("answers", answers))},
        "good_moves": ("web", moves),
        "good_sessions": ("web", fresh("session")),
        "empty": ("web", []),
        "no_positions": ("web", lacking(video, "/time", 600)),
        "few_positions": ("web", lacking(video, "/time", 480)),
        "some_positions": ("web", lacking(video, "/time", 150)),
        "small_without_positions": ("web", lacking(video[:60], "/time", 60)),
        "no_players": ("web", lacking(video, "/session-id", 600)),
        "no_results": ("web", [{key: value for key, value in line.items() if key != "result"} for line in answers]),
        "no_attempts": ("web", lacking(answers, "/attempt-id", 600)),
        "no_arrivals": ("web", lacking(moves, "/navigation-type", 600)),
        "no_ids": ("web", [{key: value for key, value in line.items() if key != "id"} for line in moves]),
        "no_zones": ("web", [line | {"timestamp": line["timestamp"].rstrip("Z")} for line in moves]),
        "doubled": ("web", [*video, *video]),
        "late": ("web", [at(line, week_ago) for line in video[:100]] + video),
        "few_late": ("web", [at(line, week_ago) for line in video[:50]] + fresh("video")[50:]),
        "history_of_a_new_source": ("new", [at(line, FIRST_DELIVERED_AT) for line in video]),
        "fast_clock": ("web", [at(line, DELIVERED_AT + timedelta(minutes=6)) for line in video[:20]] + video[20:]),
        "wrong_clock": ("web", [at(line, DELIVERED_AT + timedelta(days=3)) for line in video]),
        "not_all_verbs": ("held_to_verbs", fresh("video", 1_400)),
        "too_small_for_all_verbs": ("held_to_verbs", fresh("video", 70)),
        **{f"refused_{number}": ("web", ["text"] * 3) for number in range(REFUSED_OBJECTS)},
        "lost_a_line": ("web", moves),
    }


@pytest.fixture(scope="module")
def load(warehouse, family_lines) -> dict[str, tuple[str, list]]:
    """The objects in raw and in the ledger; the source `web` has delivered before."""
    made = objects(family_lines)
    rows, commits = [], []
    for name, (source, lines) in made.items():
        key = f"events/{source}/{name}.ndjson"
        stays = [LOAD_ID, name, key, source]
        for number, line in enumerate(lines, 1):
            text = line if isinstance(line, str) else json.dumps(line)
            rows.append([*stays, number, text, "not_json" if text == "text" else "", DELIVERED_AT, DELIVERED_AT])
        count = len(lines) + (name == "lost_a_line")
        commits.append([LOAD_ID, name, "events", source, key, DELIVERED_AT, count, DELIVERED_AT])
    commits.append([EARLIER_LOAD_ID, "first", "events", "web", "first", FIRST_DELIVERED_AT, 0, FIRST_DELIVERED_AT])
    warehouse.insert("raw.event_lines", rows, column_names=RAW)
    warehouse.insert("ops.load_commits", commits, column_names=LEDGER)
    return made


@pytest.fixture(scope="module")
def judge(settings) -> LoadJudge:
    return LoadJudge(settings.clickhouse)


@pytest.fixture(scope="module")
def verdict(warehouse, load, judge) -> LoadVerdict:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "required_verbs", lambda: {"held_to_verbs": ["played", "answered", "viewed"]})
        facts.profile_load(warehouse, LOAD_ID, "events", "raw.event_lines")
    return judge.judge(LOAD_ID, "events", len(load))


@pytest.mark.parametrize(
    "name",
    [
        *("good_video", "good_answers", "good_moves", "good_sessions"),
        *("small_without_positions", "few_late", "history_of_a_new_source", "too_small_for_all_verbs"),
    ],
)
def test_good_objects_pass_without_a_word(verdict, load, name: str) -> None:
    assert name in load
    assert (verdict.held.get(name), verdict.noted.get(name)) == (None, None)


def test_what_is_counted_as_at_fault_is_what_great_expectations_finds(verdict, warehouse, load) -> None:
    at_fault = objects_at_fault(warehouse, LOAD_ID, load)
    assert at_fault == verdict.held.keys() | verdict.noted.keys()
    assert at_fault != load.keys()


def test_a_load_with_a_fault_is_judged_by_great_expectations(verdict, warehouse, settings, load) -> None:
    judged = SparingJudge(warehouse, settings.clickhouse).judge(LOAD_ID, "events", len(load))
    assert (judged.held, judged.noted, judged.result is None) == (verdict.held, verdict.noted, False)


def test_a_load_of_too_few_objects_is_judged_by_great_expectations(warehouse, settings, load) -> None:
    verdict = SparingJudge(warehouse, settings.clickhouse).judge(EARLIER_LOAD_ID, "events", 2)
    assert verdict.held_entirely == ["1 objects were counted, expected 2"]


NOTED = {
    "empty": "lines fewer than an object should have: 1",
    "some_positions": "video events without position_seconds: ",
    "no_players": "video events without player_session_id: 600, at most 30 expected",
    "no_attempts": "assessment events without attempt_number_reported: ",
    "no_arrivals": "navigation events without arrival_type_reported: 600, at most 30 expected",
    "no_ids": "no statement_id: 600, at most 30 expected",
    "no_zones": "no timestamp_quality: 600, at most 30 expected",
    "doubled": "lines with the id of an earlier line: 600, at most 12 expected",
    "late": "lines delivered over 168 hours after they happened: 100, at most 70 expected",
    "fast_clock": "refused lines: 20 (future_timestamp 20)",
    "not_all_verbs": "verbs that the source must send and did not: 2 (answered, viewed)",
}


@pytest.mark.parametrize("name", NOTED)
def test_what_is_wrong_but_countable_is_noted_and_published(verdict, name: str) -> None:
    assert name not in verdict.held
    assert any(reason.startswith(NOTED[name]) for reason in verdict.noted[name]), verdict.noted[name]


def test_answers_without_a_result_lack_option_outcome_and_time(verdict) -> None:
    named = {reason.partition(":")[0] for reason in verdict.noted["no_results"]}
    assert named >= {f"assessment events without {field}" for field in ("response", "is_correct", "duration_seconds")}


HELD = {
    "no_positions": "video events without position_seconds: ",
    "few_positions": "video events without position_seconds: ",
    "wrong_clock": "refused lines: 600 (future_timestamp 600), at most 30 allowed",
    "lost_a_line": "lines that raw and ledger differ by: 1",
}


@pytest.mark.parametrize("name", HELD)
def test_what_destroys_numbers_is_held(verdict, name: str) -> None:
    assert any(reason.startswith(HELD[name]) for reason in verdict.held[name]), verdict.held[name]


def test_every_object_at_fault_is_held_however_many_there_are(verdict) -> None:
    assert {f"refused_{number}" for number in range(REFUSED_OBJECTS)} <= set(verdict.held)
    assert set(verdict.held) == {*HELD, *(f"refused_{number}" for number in range(REFUSED_OBJECTS))}
    assert verdict.held_entirely == []


def test_the_whole_result_is_kept_for_the_pages(verdict) -> None:
    result = verdict.result
    failed = [outcome for outcome in result.results if not outcome.success]
    assert not result.success
    assert all(
        outcome.result["unexpected_count"] == len(outcome.result["unexpected_index_list"]) > 0 for outcome in failed
    )
    assert "learner-" not in str(result)


def test_a_load_may_be_judged_again_by_the_same_judge(verdict, load, judge) -> None:
    assert judge.judge(LOAD_ID, "events", len(load)).held == verdict.held


def test_too_few_objects_hold_the_load(load, judge) -> None:
    verdict = judge.judge(LOAD_ID, "events", len(load) + 1)
    assert verdict.held_entirely == [f"{len(load)} objects were counted, expected {len(load) + 1}"]


def test_an_engine_that_says_no_is_an_error_of_the_gate(warehouse, load, judge, monkeypatch) -> None:
    monkeypatch.setattr("orchestration.expectations.judge.facts_query", lambda load_id, kind: "select 1 as nothing")
    with pytest.raises(GateError):
        judge.judge(LOAD_ID, "events", 1)
