"""What staging accepts and refuses, against the specification.

`statements/valid.ndjson` holds statements of every family that the specification calls valid, in its many forms:
actors, objects, interactions, results, contexts, timestamps, versions; some with blanks between tokens, some escaped.
None of them may be refused. With something changed at random, staging and a second reading of the specification
(`judge`) must agree.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.drop_kinds import DROP_KINDS
from orchestration.expectations.staging import render_model
from orchestration.loading import load_pending
from orchestration.resources.lake import S3Lake
from orchestration.settings import Settings
from tests.passing_judge import judge_by
from tests.staging.judge import Judge
from tests.staging.mutations import as_line, mutated

VALID = (Path(__file__).parent / "statements" / "valid.ndjson").read_text().splitlines()
MUTATIONS, SEED = 4_000, 7
LIVE = "(select load_id, object_id, 1 as is_live from ops.live_objects)"


@pytest.fixture(scope="module")
def mutations() -> list[dict]:
    return mutated([json.loads(line) for line in VALID], MUTATIONS, SEED)


@pytest.fixture(scope="module")
def staged(
    warehouse: Client, lake: S3Lake, settings: Settings, put: Callable[..., str], mutations: list[dict]
) -> Client:
    """What staging makes of both files, in `default.staged`. The gate would hold them for what is rare or wrong."""
    put("events/valid/valid.ndjson", VALID)
    put("events/mutated/mutated.ndjson", [as_line(*pair) for pair in zip(mutations, range(MUTATIONS), strict=True)])
    with pytest.MonkeyPatch.context() as patch:
        judge_by(patch)
        assert load_pending(warehouse, lake, settings).line_count == len(VALID) + MUTATIONS
    model = render_model(DROP_KINDS["events"].staging_path, {"int_object_states": LIVE})
    create = "create or replace table default.staged engine = MergeTree order by (source, line_number) as"
    warehouse.command(f"{create} {model.sql}", settings=dict(model.settings))
    return warehouse


def test_no_valid_statement_is_refused_or_flagged(staged: Client):
    refused = staged.query(
        "select line_number, quarantine_reason, flags from default.staged "
        "where source = 'valid' and (quarantine_reason != '' or notEmpty(flags))"
    ).result_rows
    assert refused == []
    rows = staged.query("select count() from default.staged where source = 'valid'").result_rows
    assert rows == [(len(VALID),)]


def test_staging_and_a_second_reading_agree_on_changed_statements(staged: Client, mutations: list[dict]):
    times = {json.loads(line)["timestamp"] for line in VALID} | {
        "2030-06-01T00:00:00+02:00",
        "2026-01-05T10:00:01.000Z",
    }
    judge = Judge(frozenset(times))
    reasons = dict(
        staged.query("select line_number, quarantine_reason from default.staged where source = 'mutated'").result_rows
    )
    differing = [
        (reasons[number] or "accepted", as_line(statement, 1))
        for number, statement in enumerate(mutations, start=1)
        if judge.accepts(statement) != (reasons[number] == "")
    ]
    assert differing == []
    accepted = sum(reason == "" for reason in reasons.values())
    assert MUTATIONS / 10 < accepted < MUTATIONS / 2 * 1.5, "the changes should leave some valid and many not"


def test_every_accepted_statement_has_its_four_facts(staged: Client):
    incomplete = staged.query(
        """
        select source, line_number from default.staged
        where quarantine_reason = '' and (
            statement_id = '' or learner_id = '' or verb_iri = '' or toYear(occurred_at) < 2016
            or (activity_id = '' and object_type not in ('Agent', 'Group', 'SubStatement'))
        )
        """
    ).result_rows
    assert incomplete == []
