"""Rights: what the engine is asked to grant it understands, and AWS is asked for what the code calls, and no more."""

import json
import re

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from orchestration.deployment.reader_grants import READERS, grants, is_about_one_learner
from orchestration.settings import PROJECT_ROOT
from tests.conftest import DATABASES
from tests.orchestration.deployment.conftest import DEPLOYMENT, statements

ACCESS = DEPLOYMENT / "access"
# Calls of boto3 → what AWS must allow for them.
ACTIONS = {
    "list_objects_v2": "s3:ListBucket",
    "head_object": "s3:GetObject",
    "get_object": "s3:GetObject",
    "put_object": "s3:PutObject",
    "delete_object": "s3:DeleteObject",
    "get_bucket_versioning": "s3:GetBucketVersioning",
    "list_object_versions": "s3:ListBucketVersions",
    "receive_message": "sqs:ReceiveMessage",
    "delete_message_batch": "sqs:DeleteMessage",
}
# Only an erasure does these; it deletes versions, which AWS tells from deleting an object.
ERASING = {"s3:DeleteObject", "s3:GetBucketVersioning", "s3:ListBucketVersions"}
CALL = re.compile(r"_(?:s3|sqs)\.(?:get_paginator\(\"(\w+)\"|(\w+)\()")


def called(*paths: str) -> set[str]:
    texts = [(PROJECT_ROOT / "orchestration" / path).read_text() for path in paths]
    names = {name for text in texts for match in CALL.findall(text) for name in match if name}
    return {ACTIONS[name] for name in names - {"get_paginator"}}


def allowed(name: str) -> set[str]:
    actions = set()
    for statement in json.loads((ACCESS / name).read_text())["Statement"]:
        assert statement["Effect"] == "Allow"
        actions |= set([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    return actions


def test_the_loader_reads_and_does_not_write() -> None:
    assert allowed("lake-loader.json") == called("resources/lake.py", "resources/queue.py") - {"s3:PutObject"} - ERASING


def test_who_puts_adds_and_does_not_delete() -> None:
    assert allowed("lake-writer.json") == called("resources/lake.py") - ERASING


def test_who_erases_overwrites_and_deletes_versions() -> None:
    expected = called("resources/lake.py") - {"s3:DeleteObject"} | {"s3:DeleteObjectVersion"}
    assert allowed("lake-eraser.json") == expected


def test_pages_are_written_and_forgotten() -> None:
    """Dagster's logs are listed as well, which our own pages are not."""
    assert allowed("pages-writer.json") == called("expectations/docs_store.py") | {"s3:ListBucket"}


def test_no_other_room_speaks_to_aws() -> None:
    users = {
        str(path.relative_to(PROJECT_ROOT / "orchestration"))
        for path in (PROJECT_ROOT / "orchestration").rglob("*.py")
        if "aws_client(" in path.read_text() and path.name != "aws_clients.py"
    }
    assert users == {"resources/lake.py", "resources/queue.py", "expectations/docs_store.py"}


@pytest.mark.parametrize("name", ["roles.sql", "readers.sql"])
def test_the_engine_understands_every_statement(warehouse: Client, name: str) -> None:
    grants = statements(ACCESS / name)
    assert len(grants) > 20
    for statement in grants:
        warehouse.query("select formatQuery({statement:String})", parameters={"statement": statement})


def test_what_the_engine_does_not_understand_is_found(warehouse: Client) -> None:
    with pytest.raises(DatabaseError, match="SYNTAX_ERROR"):
        warehouse.query("select formatQuery('grant fly on marts.* to warehouse_bi')")


def test_readers_see_marts_alone_and_those_of_learners_apart() -> None:
    assert READERS.read_text() == grants(), "run: uv run python -m orchestration.generate"
    given = dict(re.findall(r"grant select on marts\.(\w+) to (\w+);", grants()))
    assert given["agg_video_drop_off"] == "warehouse_bi"
    for name in ("dim_learners", "fct_sessions", "agg_learners_to_contact", "fct_quarantined_lines"):
        assert given[name] == "warehouse_bi_learners"
    assert is_about_one_learner(["course_id", "first_statement_id"])
    assert not is_about_one_learner(["course_id", "learner_count"])


def test_every_database_has_its_grants() -> None:
    text = (ACCESS / "roles.sql").read_text()
    assert set(re.findall(r"^create database if not exists (\w+);", text, re.MULTILINE)) == set(DATABASES)
    readers = [line for line in text.splitlines() if "warehouse_bi" in line and line.startswith("grant")]
    assert readers == []
