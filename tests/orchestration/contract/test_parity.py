"""What `warehouse check` says before a file is sent is what staging says after."""

import json
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from orchestration.contract.example_files import accepted_examples, rejected_examples
from orchestration.contract.rules import Judge
from tests.orchestration.contract.conftest import DELIVERED_AT
from tests.orchestration.contract.mutants import catalog_lines, learner_lines, statements


def reasons(kind: str, documents: list[Any]) -> list[str]:
    judge = Judge(kind, DELIVERED_AT)
    return [fault.reason if (fault := judge.fault(document)) else "" for document in documents]


@pytest.mark.parametrize("kind", ["events", "catalog", "learners"])
def test_the_examples_get_the_same_verdict_from_staging(staging_reasons, kind):
    documents = [
        *accepted_examples(kind),
        *(each.document for each in rejected_examples() if each.kind == kind and each.document),
    ]
    assert staging_reasons(kind, [json.dumps(each) for each in documents]) == reasons(kind, documents)


STRATEGIES = {"events": statements(), "catalog": catalog_lines(), "learners": learner_lines()}


@pytest.mark.parametrize("kind", STRATEGIES)
def test_damaged_lines_get_the_same_verdict_from_staging(staging_reasons, kind):
    """Many lines for each query, which takes longer than judging a hundred of them; not made smaller when they differ,
    because what differs is shown alone."""

    @settings(max_examples=20, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(st.lists(STRATEGIES[kind], min_size=60, max_size=100))
    def judge(documents: list[dict]) -> None:
        lines = [json.dumps(each) for each in documents]
        found = zip(lines, staging_reasons(kind, lines), reasons(kind, documents), strict=True)
        assert [each for each in found if each[1] != each[2]] == []

    judge()
