"""What Dagster shows of a built table."""

from dagster import AssetCheckResult, MetadataValue, Output

from orchestration.assets.table_facts import table_facts, with_facts

MANIFEST = {"nodes": {"model.facts": {"schema": "marts", "alias": "facts"}}}


def output(node: str = "model.facts") -> Output:
    return Output(None, "marts__facts", metadata={"unique_id": MetadataValue.text(node)})


def test_a_table_has_rows_and_bytes(warehouse) -> None:
    warehouse.command("create database if not exists marts")
    warehouse.command("create table marts.facts (n UInt64) engine = MergeTree order by n")
    warehouse.command("insert into marts.facts select number from numbers(1000)")
    metadata = with_facts(warehouse, output(), MANIFEST).metadata
    assert metadata["dagster/row_count"].value == 1000
    assert metadata["bytes"].value > 0
    assert metadata["unique_id"].value == "model.facts"


def test_a_view_has_neither(warehouse) -> None:
    warehouse.command("create view marts.view_of_facts as select 1 as n")
    assert table_facts(warehouse, "marts", "view_of_facts") == {}


def test_an_engine_that_does_not_answer_fails_no_build(warehouse) -> None:
    metadata = with_facts(None, output(), MANIFEST).metadata
    assert "facts_not_read" in metadata


def test_other_events_pass_as_they_are() -> None:
    check = AssetCheckResult(passed=True)
    assert with_facts(None, check, MANIFEST) is check
    seed = output("seed.gone")
    assert with_facts(None, seed, MANIFEST) is seed
