"""What an accepted line should carry, and what it costs to leave it out."""

import copy
import re
from typing import Any

import pytest
import yaml

from orchestration.contract.completeness import Completeness
from orchestration.contract.example_files import family_examples
from orchestration.contract.vocabulary import (
    EVERY_FAMILY,
    EVERY_VERB,
    OPTIONAL,
    activity_type_iris,
    extension_iris,
    read_events,
    read_fields,
    verb_iris,
)
from orchestration.drop_kinds import DROP_KINDS
from tests.orchestration.contract.conftest import ROOT
from tests.orchestration.contract.examples import accepted_examples

FAMILIES = [family for family in DROP_KINDS["events"].families if family != EVERY_FAMILY]


def missing(statement: dict[str, Any]) -> set[str]:
    return {gap.field for gap in Completeness("events").gaps(statement)[1]}


def example(family: str, verb: str) -> dict[str, Any]:
    return copy.deepcopy(
        next(example for example in family_examples(family) if example["verb"]["id"] in verb_iris(verb))
    )


@pytest.mark.parametrize("kind", DROP_KINDS)
def test_nothing_is_missing_from_the_examples(kind: str):
    completeness = Completeness(kind)
    for document in accepted_examples(kind):
        applicable, gaps = completeness.gaps(document)
        assert applicable
        assert [gap.field for gap in gaps] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_each_verb_of_a_family_has_an_example(family: str):
    shown = {example["verb"]["id"] for example in family_examples(family)}
    verbs = {event.verb for event in read_events() if event.family == family}
    assert {verb for verb in verbs if not shown & set(verb_iris(verb))} == set()


def test_what_a_video_statement_leaves_out_is_named():
    paused = example("video", "paused")
    del paused["result"]
    del paused["context"]["extensions"]
    del paused["context"]["platform"]
    assert missing(paused) == {
        *("position_seconds", "content_length_seconds", "player_session_id", "platform"),
        *("played_segments", "progress_ratio"),
    }


def test_a_value_that_staging_cannot_read_is_missing():
    seeked = example("video", "seeked")
    start = extension_iris("position_from_seconds")[0]
    for value, expected in (
        ("95.5", set()),
        (7, set()),
        ("1:35", {"position_from_seconds"}),
        (None, {"position_from_seconds"}),
    ):
        seeked["result"]["extensions"][start] = value
        assert missing(seeked) == expected


def test_an_answer_without_option_outcome_time_and_attempt():
    answered = example("assessment", "answered")
    del answered["result"]
    del answered["context"]["extensions"]
    assert missing(answered) == {"response", "is_correct", "duration_seconds", "attempt_number_reported"}


def test_a_verb_belongs_to_the_family_of_its_activity():
    """Completing a video and completing a module are two things."""
    video, module = example("video", "completed"), example("lifecycle", "completed")
    families = [
        {recommendation.family for recommendation in Completeness("events").gaps(statement)[0]}
        for statement in (video, module)
    ]
    assert families == [{"every", "video"}, {"every", "lifecycle"}]


def test_a_verb_of_no_family_is_asked_for_what_every_event_carries():
    applicable, _ = Completeness("events").gaps({"verb": {"id": "x:y"}, "object": {"id": "x:y"}, "timestamp": "now"})
    assert {recommendation.family for recommendation in applicable} == {EVERY_FAMILY}


def test_odd_objects_are_no_trouble():
    for thing in ({"objectType": "Agent", "mbox": "mailto:a@b"}, {"id": "x:y", "definition": []}):
        assert Completeness("events").gaps({"verb": {"id": "x:y"}, "object": thing})[1]


def test_every_word_is_in_the_seeds():
    events, fields = read_events(), read_fields()
    assert [event.verb for event in events if not verb_iris(event.verb)] == []
    assert [event for event in events if event.object_type and not activity_type_iris(event.activity_type)] == []
    named = [place.rpartition("[")[2].rstrip("]") for field in fields for place in field.sent_as if "[" in place]
    assert [name for name in named if not extension_iris(name)] == []


def test_fields_are_of_verbs_of_their_family():
    members = {(event.family, event.verb) for event in read_events()}
    strays = [
        (field.family, verb)
        for field in read_fields()
        for verb in field.verbs
        if verb != EVERY_VERB and (field.family, verb) not in members
    ]
    assert strays == []
    assert {field.importance for field in read_fields()} == {"required", "recommended"}
    assert {event.importance for event in read_events()} == {"required", "recommended", OPTIONAL}


def test_the_mart_of_completeness_knows_every_field_of_events():
    """Its `is_known` says when the marts know a field; one that is not there would be counted for no source."""
    model = (ROOT / "models/marts/quality/agg_event_completeness.sql").read_text()
    known = re.findall(r'^    "(\w+)": "', model, re.M)
    of_events = {field.name for field in read_fields() if field.family in DROP_KINDS["events"].families}
    assert sorted(known) == sorted(of_events)


def test_fields_are_called_as_in_staging():
    staging = {
        column["name"]
        for kind in DROP_KINDS.values()
        for column in yaml.safe_load((ROOT / kind.staging_path).with_suffix(".yml").read_text())["models"][0]["columns"]
    }
    assert {field.name for field in read_fields()} - staging == set()


def test_the_metrics_that_break_are_there():
    """A name without a dot is in words."""
    columns = {
        f"{model['name']}.{column['name']}"
        for path in (ROOT / "models/marts").rglob("*.yml")
        for model in yaml.safe_load(path.read_text()).get("models", [])
        for column in model["columns"]
    }
    named = {name for entry in [*read_fields(), *read_events()] for name in entry.breaks if "." in name}
    assert named - columns == set()
