"""No valid statement is refused, whichever way it is written: the false rejects of the event contract must be 0.

`statements/valid.ndjson` holds statements of every family that the specification calls valid, in its many forms:
actors, objects, interactions, results, contexts, timestamps, versions; some with blanks between tokens, some escaped.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.loading import load_pending
from orchestration.resources.lake import S3Lake
from orchestration.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

VALID = Path(__file__).parent / "statements" / "valid.ndjson"


@pytest.fixture(scope="module")
def staged(
    warehouse: Client, lake: S3Lake, settings: Settings, put: Callable[..., str], dbt: Callable[..., Path]
) -> Client:
    """The valid statements in `stg_xapi__statements`."""
    put("events/valid/valid.ndjson", VALID.read_bytes())
    assert load_pending(warehouse, lake, settings).line_count == len(VALID.read_text().splitlines())
    # A tenth of these statements is about people or has a rare form of time, more than the gate lets through unseen.
    warehouse.command(
        "insert into ops.load_gates select load_id, object_id, 'pass', 'released by a test', now64(3, 'UTC') + 1 "
        "from ops.first_commits"
    )
    dbt("seed")
    dbt("run", "--select", "stg_xapi__statements")
    return warehouse


def test_no_valid_statement_is_refused(staged: Client):
    rows = staged.query(
        "select line_number, quarantine_reason from staging.stg_xapi__statements where quarantine_reason != ''"
    ).result_rows
    assert rows == []
    staged_count = staged.query("select count() from staging.stg_xapi__statements").result_rows[0][0]
    assert staged_count == len(VALID.read_text().splitlines())


def test_no_valid_statement_is_flagged_but_for_what_only_analytics_must_know(staged: Client):
    rows = staged.query("select line_number, flags from staging.stg_xapi__statements where notEmpty(flags)").result_rows
    assert rows == []


def test_every_valid_statement_has_its_four_facts(staged: Client):
    incomplete = staged.query(
        """
        select line_number from staging.stg_xapi__statements
        where learner_id = '' or verb_iri = '' or toYear(occurred_at) < 2016
            or (activity_id = '' and object_type not in ('Agent', 'Group', 'SubStatement'))
        """
    ).result_rows
    assert incomplete == []
