"""The rules that refuse a line, one broken rule at a time."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from orchestration.contract.check import refuse_wrapped
from orchestration.contract.lines import OWN_REASONS, parse_line
from orchestration.contract.rule_book import FUTURE_TOLERANCE, read_schema
from orchestration.contract.rules import LINE_RULES, LineJudge
from orchestration.contract.vocabulary import quarantine_reasons, verb_iris
from orchestration.drop_kinds import DROP_KINDS
from tests.orchestration.contract.conftest import ROOT
from tests.orchestration.contract.examples import accepted_examples, rejected_examples
from tests.orchestration.contract.mutants import ACTIVITY, ACTORS, OBJECTS, UUID, VERB

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
GOOD = {"id": UUID, "actor": ACTORS[0], "verb": VERB, "object": ACTIVITY, "timestamp": "2024-03-04T10:00:00Z"}
ABSENT = ...  # its name is the same in every process, which test ids need
MEMBER = {"mbox": "mailto:learner@example.org"}


def verdict(kind: str, document: dict[str, Any]) -> tuple[str, str]:
    fault = LineJudge(kind, NOW).fault(document)
    return (fault.reason, fault.path) if fault else ("", "")


def statement(**parts: Any) -> dict[str, Any]:
    return {name: part for name, part in (GOOD | parts).items() if part is not ABSENT}


@pytest.mark.parametrize("kind", DROP_KINDS)
def test_every_good_example_is_accepted(kind: str):
    assert [verdict(kind, example) for example in accepted_examples(kind)] == [("", "")] * len(accepted_examples(kind))


@pytest.mark.parametrize("example", rejected_examples(), ids=lambda example: f"{example.kind}: {example.because}")
def test_every_bad_example_is_refused_with_its_reason_and_place(example):
    line = refuse_wrapped(parse_line(1, example.line), example.kind)
    refusal = (line.reason, "") if line.reason else verdict(example.kind, line.document)
    assert refusal == (example.reason, example.path)


def test_every_reason_has_an_example_and_every_example_a_known_reason():
    """A line that is too long has none (it would be 16 MiB), nor has a row of Parquet."""
    shown = {(example.kind, example.reason) for example in rejected_examples()}
    known = {(kind, reason) for kind in DROP_KINDS for reason in LineJudge(kind).reasons}
    assert shown == known | {
        ("events", reason) for reason in LINE_RULES if reason not in ("too_long", "null_statement")
    }


def test_the_reasons_are_the_closed_list_of_staging():
    """With those of our own, for which no sender can do anything."""
    judged = {reason for kind in DROP_KINDS for reason in LineJudge(kind).reasons}
    assert judged | set(LINE_RULES) | set(OWN_REASONS) == set(quarantine_reasons())


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: "-".join(actor))
@pytest.mark.parametrize("thing", OBJECTS, ids=lambda thing: thing.get("objectType", "no type"))
def test_whatever_the_specification_allows_is_accepted(actor: dict, thing: dict):
    assert verdict("events", statement(actor=actor, object=thing)) == ("", "")


@pytest.mark.parametrize(
    ("parts", "reason", "path"),
    [
        ({"id": None}, "invalid_id", "/id"),
        ({"id": 17}, "invalid_id", "/id"),
        ({"actor": None}, "missing_actor", "/actor"),
        ({"actor": "learner-4711"}, "invalid_actor", "/actor"),
        ({"actor": MEMBER | {"objectType": "agent"}}, "invalid_actor", "/actor/objectType"),
        ({"actor": MEMBER | {"name": 5}}, "invalid_actor", "/actor/name"),
        ({"actor": MEMBER | {"name": None}}, "invalid_actor", "/actor/name"),
        ({"actor": MEMBER | {"member": [MEMBER]}}, "invalid_actor", "/actor/member"),
        ({"actor": {"mbox": None}}, "invalid_actor_identifier", "/actor/mbox"),
        ({"actor": MEMBER | {"objectType": None}}, "invalid_actor", "/actor/objectType"),
        ({"actor": json.dumps(MEMBER)}, "invalid_actor", "/actor"),
        ({"actor": {"mbox_sha1sum": "abc"}}, "invalid_actor_identifier", "/actor/mbox_sha1sum"),
        ({"actor": {"openid": "learner"}}, "invalid_actor_identifier", "/actor/openid"),
        ({"actor": {"objectType": "Group", "member": []}}, "anonymous_group", "/actor/member"),
        ({"actor": {"objectType": "Group", "member": [{"name": "x"}]}}, "invalid_actor", "/actor/member/0"),
        ({"verb": {"id": None}}, "missing_verb", "/verb/id"),
        ({"verb": "played"}, "invalid_verb", "/verb"),
        ({"verb": VERB | {"display": {"en-US": 5}}}, "invalid_verb", "/verb/display"),
        ({"object": {"id": ""}}, "missing_object", "/object/id"),
        ({"object": {"objectType": "Thing", "id": "x:y"}}, "invalid_object", "/object/objectType"),
        ({"object": {"objectType": "StatementRef", "id": "x:y"}}, "invalid_object", "/object/id"),
        ({"object": OBJECTS[-1] | {"id": UUID}}, "invalid_object", "/object/id"),
        ({"object": OBJECTS[-1] | {"object": OBJECTS[-1]}}, "invalid_object", "/object/object/objectType"),
        ({"verb": {"id": verb_iris("voided")[0]}}, "invalid_object", "/object/objectType"),
        ({"timestamp": None}, "invalid_timestamp", "/timestamp"),
        ({"timestamp": ""}, "invalid_timestamp", "/timestamp"),
        ({"timestamp": ABSENT, "stored": "yesterday"}, "invalid_timestamp", "/stored"),
        ({"timestamp": "20240304T100000Z", "version": "2.0.0"}, "invalid_timestamp", "/timestamp"),
        ({"timestamp": "2026-01-05T12:05:00.001Z"}, "future_timestamp", "/timestamp"),
        ({"timestamp": ABSENT, "stored": "2026-01-06T12:00:00Z"}, "future_timestamp", "/stored"),
        ({"context": {"registration": None}}, "invalid_registration", "/context/registration"),
        ({"context": {"registration": ""}}, "invalid_registration", "/context/registration"),
        ({"version": "1.1.0"}, "unsupported_version", "/version"),
        ({"version": ""}, "unsupported_version", "/version"),
    ],
    ids=str,
)
def test_a_fault_gives_its_reason_and_its_place(parts: dict, reason: str, path: str):
    assert verdict("events", statement(**parts)) == (reason, path)


@pytest.mark.parametrize(
    "parts",
    [
        {"id": ABSENT},
        {"timestamp": ABSENT, "stored": "2024-03-04T10:00:00Z"},
        {"timestamp": "2024-03-04T10:00:00", "stored": "yesterday"},
        {"timestamp": "20240304T100000Z"},
        {"timestamp": "2026-01-05T12:05:00.000Z"},
        {"version": "1.0"},
        {"version": "2.0.1"},
        {"result": {"duration": "a while", "score": {"scaled": 7}}},
        {"context": {"platform": 5}, "attachments": "none", "anything": None},
    ],
    ids=str,
)
def test_what_lies_elsewhere_refuses_nothing(parts: dict):
    assert verdict("events", statement(**parts)) == ("", "")


def test_the_tolerance_is_the_one_of_staging():
    variables = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
    assert FUTURE_TOLERANCE.total_seconds() == 60 * variables["future_tolerance_minutes"]


def test_the_iri_of_a_voiding_verb_is_the_one_of_the_seed():
    written = re.findall(r'"(https?://[^"]*/verbs/[^"]*)"', json.dumps(read_schema("statement")))
    assert written == verb_iris("voided")


def test_no_name_that_a_sender_made_up_is_in_a_path():
    """It could be an address."""
    private = "anna@example.org"
    for parts in (
        {"verb": VERB | {"display": {private: 5}}},
        {"object": ACTIVITY | {"definition": {"name": {private: 1}}}},
    ):
        reason, path = verdict("events", statement(**parts))
        assert reason
        assert private not in path
