"""What is flagged of statements that are accepted."""

from typing import Any

import pytest

from orchestration.contract.rule_book import read_schema
from orchestration.contract.rules import Details, LineJudge
from orchestration.contract.vocabulary import statement_flags
from tests.orchestration.contract.examples import accepted_examples
from tests.orchestration.contract.mutants import ACCOUNT, ACTIVITY, ACTORS, REFERENCE, UUID, VERB

GOOD = {"id": UUID, "actor": ACTORS[0], "verb": VERB, "object": ACTIVITY, "timestamp": "2024-03-04T10:00:00Z"}
GROUP = {"objectType": "Group", "member": [{"mbox": "mailto:learner@example.org"}]}
SUB_STATEMENT = {"objectType": "SubStatement", "actor": ACTORS[0], "verb": VERB, "object": ACTIVITY}
ATTACHMENT = {
    "usageType": "http://id.tincanapi.com/attachment/certificate",
    "display": {"en-US": "Certificate"},
    "contentType": "application/pdf",
    "length": 65556,
    "sha2": "495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a",
}
APPLICATION_AND_USER = {"objectType": "Group", "member": [{"account": ACCOUNT}, {"mbox": "mailto:lrs@example.org"}]}
FAULTS = [
    ({"object": ACTIVITY | {"objectType": "GroupActivity"}}, "group_activity", "/object/objectType"),
    ({"actor": GROUP}, "anonymous_group", "/actor"),
    ({"actor": ACTORS[0] | {"nick": "x"}}, "unknown_property", "/actor"),
    ({"result": {"grade": "A"}}, "unknown_property", "/result"),
    ({"object": ACTIVITY | {"definition": {"colour": "x"}}}, "unknown_property", "/object/definition"),
    ({"version": "1.0.3", "context": {"contextAgents": []}}, "unknown_property", "/context/contextAgents"),
    ({"stored": "yesterday"}, "invalid_stored", "/stored"),
    ({"result": "passed"}, "invalid_result", "/result"),
    ({"result": {"success": "true"}}, "invalid_result", "/result/success"),
    ({"result": {"score": {"scaled": 7}}}, "invalid_score", "/result/score/scaled"),
    ({"result": {"score": {"raw": "7"}}}, "invalid_score", "/result/score/raw"),
    ({"result": {"score": {"raw": 7, "max": 5}}}, "invalid_score", "/result/score"),
    ({"result": {"score": {"min": 7, "max": 5}}}, "invalid_score", "/result/score"),
    ({"result": {"duration": "12 s"}}, "invalid_duration", "/result/duration"),
    ({"result": {"duration": "PT"}}, "invalid_duration", "/result/duration"),
    ({"result": {"duration": "P1Y2M3DT4H5M6.7S"}}, "invalid_duration", "/result/duration"),
    ({"context": {"team": ACTORS[0]}}, "invalid_context", "/context/team/objectType"),
    ({"context": {"statement": {"id": UUID}}}, "invalid_context", "/context/statement/objectType"),
    (
        {"context": {"contextActivities": {"parent": [{"id": "x"}]}}},
        "invalid_context_activities",
        "/context/contextActivities/parent/0/id",
    ),
    ({"context": {"language": "en_US"}}, "invalid_language", "/context/language"),
    ({"object": REFERENCE, "context": {"platform": "x"}}, "misplaced_property", "/context/platform"),
    ({"context": {"extensions": {"length": 5}}}, "invalid_extension_key", "/context/extensions"),
    ({"context": "x"}, "invalid_context", "/context"),
    ({"context": ["x"]}, "invalid_context", "/context"),
    ({"conText": {"registration": UUID}}, "miscased_property", ""),
    ({"Result": {"success": True}}, "miscased_property", ""),
    ({"context": {"contextactivities": {"parent": [ACTIVITY]}}}, "miscased_property", "/context"),
    ({"context": {"Registration": UUID, "platform": "x"}}, "miscased_property", "/context"),
    ({"authority": {"name": "Store"}}, "invalid_authority", "/authority"),
    ({"authority": GROUP}, "invalid_authority", "/authority/member"),
    ({"authority": "x"}, "invalid_authority", "/authority"),
    ({"attachments": {}}, "invalid_attachments", "/attachments"),
    ({"attachments": [ATTACHMENT | {"length": "5"}]}, "invalid_attachments", "/attachments/0/length"),
    ({"attachments": [{"usageType": "x:y"}]}, "invalid_attachments", "/attachments/0/display"),
    ({"object": SUB_STATEMENT | {"result": {"success": "yes"}}}, "invalid_sub_statement", "/object/result/success"),
    ({"object": SUB_STATEMENT | {"result": {"grade": 1}}}, "invalid_sub_statement", "/object/result"),
    ({"object": SUB_STATEMENT | {"context": {"team": 5}}}, "invalid_sub_statement", "/object/context/team"),
    (
        {"object": SUB_STATEMENT | {"context": {"contextActivities": {"parent": "x"}}}},
        "invalid_sub_statement",
        "/object/context/contextActivities/parent",
    ),
    ({"object": SUB_STATEMENT | {"attachments": [{}]}}, "invalid_sub_statement", "/object/attachments/0/usageType"),
    ({"object": SUB_STATEMENT | {"nick": 5}}, "invalid_sub_statement", "/object"),
]
"""(parts of a statement, its flag, where the fault is)"""


def flags(**parts: Any) -> dict[str, str]:
    assert LineJudge("events").fault(GOOD | parts) is None
    return {flag.name: path for flag, path in Details("events").flags(GOOD | parts).items()}


def test_the_flags_are_the_closed_list_of_staging():
    assert set(statement_flags()) == {rule["x-flag"] for rule in read_schema("details")["allOf"]}


def test_nothing_is_flagged_in_the_examples():
    assert [Details("events").flags(example) for example in accepted_examples("events")] == [{}] * len(
        accepted_examples("events")
    )


@pytest.mark.parametrize(
    ("parts", "flag", "path"),
    FAULTS,
    ids=str,
)
def test_a_fault_outside_the_four_facts_gives_its_flag(parts: dict, flag: str, path: str):
    assert flags(**parts) == {flag: path}


@pytest.mark.parametrize(
    "parts",
    [
        {"result": {"duration": "P2W"}},
        {"result": {"duration": "P0Y0M3DT4H5M6,7S"}},
        {"result": {"score": {"raw": 3, "min": 0, "max": 5, "scaled": -1}}},
        {"context": {"contextActivities": {"parent": ACTIVITY, "category": []}}},
        {"version": "2.0.0", "context": {"contextAgents": [{"objectType": "contextAgent", "agent": ACTORS[0]}]}},
        {"context": {"instructor": GROUP, "team": GROUP, "statement": REFERENCE, "language": "zh-Hant-TW"}},
        {"context": {"extensions": {"x:y": None}}},
        {"authority": APPLICATION_AND_USER, "attachments": [ATTACHMENT, ATTACHMENT | {"fileUrl": "x:y"}]},
        {"authority": {"mbox": "mailto:lrs@example.org", "objectType": "Agent"}, "attachments": []},
        {"object": SUB_STATEMENT | {"result": {"success": True}, "context": {"platform": "x"}, "attachments": []}},
    ],
    ids=str,
)
def test_what_the_specification_allows_is_not_flagged(parts: dict):
    assert flags(**parts) == {}
