"""Statements must be what an xAPI client sends: the Video Profile's and cmi5's own words, nothing of ours."""

import re

import pytest

from tests.orchestration.simulate.accepted import Accepted, Lake, learner, occurred_at

ADL = "http://adlnet.gov/expapi/"
VIDEO = "https://w3id.org/xapi/video/"
EXTENSION = VIDEO + "extensions/"
VERBS_BY_TYPE = {
    ADL + "activities/course": {ADL + "verbs/registered", ADL + "verbs/launched"},
    ADL + "activities/module": {ADL + f"verbs/{verb}" for verb in ("initialized", "completed", "terminated")},
    ADL + "activities/assessment": {ADL + f"verbs/{verb}" for verb in ("initialized", "passed", "failed")},
    ADL + "activities/cmi.interaction": {ADL + "verbs/answered"},
    "http://id.tincanapi.com/activitytype/page": {
        "http://id.tincanapi.com/verb/viewed",
        "http://adlnet.gov/expapi/verbs/commented",
    },
    VIDEO + "activity-type/video": {
        *(VIDEO + f"verbs/{verb}" for verb in ("played", "paused", "seeked")),
        *(ADL + f"verbs/{verb}" for verb in ("initialized", "interacted", "completed", "terminated")),
    },
}
KEYS = {"id", "actor", "verb", "object", "result", "context", "timestamp", "stored", "authority", "version"}
HABIT_COURSES = ("https://campus.example.org/courses/study-habits", "https://campus.example.org/courses/field-guide")
SEGMENTS = re.compile(r"\d+\.\d+\[\.\]\d+\.\d+(\[,\]\d+\.\d+\[\.\]\d+\.\d+)*")


@pytest.fixture(scope="module")
def statements(accepted: Accepted) -> list[dict]:
    return list(accepted.statements.values())


@pytest.fixture(scope="module")
def video_statements(statements: list[dict]) -> list[dict]:
    return [s for s in statements if s["object"]["definition"]["type"].startswith(VIDEO)]


def course_of(statement: dict) -> str:
    (course,) = statement["context"]["contextActivities"]["grouping"]
    return course["id"]


def extensions(statement: dict, part: str) -> dict:
    return {k.removeprefix(EXTENSION): v for k, v in statement.get(part, {}).get("extensions", {}).items()}


def test_each_activity_type_is_spoken_of_in_all_its_verbs_and_no_others(statements: list[dict]) -> None:
    spoken: dict[str, set[str]] = {}
    for statement in statements:
        spoken.setdefault(statement["object"]["definition"]["type"], set()).add(statement["verb"]["id"])
    assert spoken == VERBS_BY_TYPE


def test_a_statement_has_the_keys_of_the_specification_only(statements: list[dict]) -> None:
    assert set().union(*(statement.keys() for statement in statements)) == KEYS
    assert {statement["version"] for statement in statements} == {"1.0.3"}


def test_every_statement_says_in_which_course_it_happened(statements: list[dict]) -> None:
    for statement in statements:
        (course,) = statement["context"]["contextActivities"]["grouping"]
        assert course["definition"]["type"] == ADL + "activities/course"
        assert statement["object"]["id"].startswith(course["id"])


def test_a_registration_belongs_to_one_learner(statements: list[dict]) -> None:
    owners: dict[str, set[str]] = {}
    for statement in statements:
        owners.setdefault(statement["context"]["registration"], set()).add(learner(statement["actor"]))
    assert all(len(people) == 1 for people in owners.values())


def test_video_statements_carry_what_the_profile_asks_for(video_statements: list[dict]) -> None:
    for statement in video_statements:
        context, result = extensions(statement, "context"), extensions(statement, "result")
        assert {"session-id", "length"} <= context.keys()
        verb = statement["verb"]["id"].rsplit("/", 1)[1]
        if verb == "seeked":
            assert {"time-from", "time-to"} == result.keys()
        elif verb in ("paused", "completed", "terminated"):
            assert {"time", "progress", "played-segments"} == result.keys()
            assert SEGMENTS.fullmatch(result["played-segments"]), result["played-segments"]
            assert 0 <= result["progress"] <= 1
        elif verb in ("played", "interacted"):
            assert "time" in result
            assert re.fullmatch(r"[\d.]+x", context["speed"])


def test_a_player_session_is_one_viewing_of_one_video_by_one_learner(video_statements: list[dict]) -> None:
    sessions: dict[str, set[tuple[str, str]]] = {}
    for statement in video_statements:
        key = extensions(statement, "context")["session-id"]
        sessions.setdefault(key, set()).add((learner(statement["actor"]), statement["object"]["id"]))
    assert all(len(viewings) == 1 for viewings in sessions.values())


def test_the_clock_of_a_player_keeps_up_with_its_position(video_statements: list[dict]) -> None:
    """Position gained while playing is never more than rate times time, or the view would be judged implausible."""
    streams: dict[str, list[dict]] = {}
    for statement in video_statements:
        streams.setdefault(extensions(statement, "context")["session-id"], []).append(statement)
    checked = 0
    for stream in streams.values():
        stream.sort(key=occurred_at)
        if occurred_at(stream[0]) == occurred_at(stream[-1]):
            continue
        rate, position, since = 1.0, None, None
        for statement in stream:
            verb = statement["verb"]["id"].rsplit("/", 1)[1]
            result, now = extensions(statement, "result"), occurred_at(statement)
            at = result.get("time-from", result.get("time"))
            if position is not None and at is not None:
                assert -0.01 <= at - position <= rate * (now - since).total_seconds() + 0.01
                checked += 1
            speed = extensions(statement, "context").get("speed")
            rate = float(speed.removesuffix("x")) if speed else rate
            position, since = result.get("time-to", at), now
            if verb in ("paused", "completed", "terminated"):
                position = None
    assert checked > 1000


def test_some_tabs_are_closed_without_a_word(video_statements: list[dict]) -> None:
    last: dict[str, tuple] = {}
    for statement in video_statements:
        key = extensions(statement, "context")["session-id"]
        last[key] = max(last.get(key, ()), (occurred_at(statement), statement["verb"]["id"].rsplit("/", 1)[1]))
    silent = sum(verb in ("played", "seeked", "interacted") for _, verb in last.values())
    assert 0 < silent < 0.1 * len(last)


def test_some_phone_players_upload_all_statements_with_one_timestamp(video_statements: list[dict]) -> None:
    moments: dict[str, list] = {}
    for statement in video_statements:
        moments.setdefault(extensions(statement, "context")["session-id"], []).append(occurred_at(statement))
    assert any(len(times) > 2 and len(set(times)) == 1 for times in moments.values())


def test_answers_name_their_assessment_and_say_how_they_went(statements: list[dict]) -> None:
    answers = [s for s in statements if s["verb"]["id"] == ADL + "verbs/answered"]
    assert answers
    for answer in answers:
        (parent,) = answer["context"]["contextActivities"]["parent"]
        assert parent["definition"]["type"] == ADL + "activities/assessment"
        assert answer["result"]["success"] == (answer["result"]["score"]["scaled"] == 1)
        assert answer["result"]["success"] == (answer["result"]["response"] == "a")
        assert re.fullmatch(r"PT\d+(\.\d+)?S", answer["result"]["duration"])


def test_the_catalogue_knows_every_activity_of_the_statements(lake: Lake, statements: list[dict]) -> None:
    lines = lake.objects("catalog")
    known = {line["activity_id"] for line in lines}
    assert len(known) == len(lines)
    assert {statement["object"]["id"] for statement in statements} <= known
    for line in lines:
        assert line.get("parent", line["course_id"]) in known
        assert set(line.get("teaches", [])) <= known


def test_the_learners_drop_names_all_who_learn_outside_the_courses_of_known_habits(
    lake: Lake, statements: list[dict]
) -> None:
    lines = lake.objects("learners")
    enrolled = {learner(line["actor"]): line for line in lines}
    assert len(enrolled) == len(lines)
    first: dict[str, str] = {}
    for statement in statements:
        if course_of(statement) in HABIT_COURSES:
            continue
        name, moment = learner(statement["actor"]), occurred_at(statement).isoformat()
        first[name] = min(first.get(name, moment), moment)
    assert first.keys() < enrolled.keys()
    for name, moment in first.items():
        assert enrolled[name]["enrolled_at"][:23] <= moment[:23]
        assert enrolled[name]["enrolled_at"][:7] == moment[:7], "both cohort bases are meant to agree on the month"
