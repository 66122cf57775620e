"""When the gate's checks hold the marts back, and when they only warn."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster import AssetCheckSeverity, DagsterInstance, asset, materialize

from orchestration.assets.raw import load_drops
from orchestration.checks import gate as gate_module
from orchestration.checks.gate import docs_link, gate, gate_results, ledger, ledger_results
from orchestration.loading.state import refused
from orchestration.loading.state.held import GateState, HeldCommit
from orchestration.loading.state.history import ReconcileFinding
from orchestration.loading.state.unjudged import GATE_FAILED
from orchestration.loading.upkeep.reconcile import Damage
from orchestration.resources.connections import LakeResource, WarehouseResource

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
GATE_CHECKS = {spec.name for spec in gate_module.GATE_SPECS}
BAD_DATA = HeldCommit("load", "bad", "events/web/bad.ndjson", "lines that are not a JSON object: 9, at most 1 allowed")
GATE_ERROR = HeldCommit("load", "new", "events/web/new.ndjson", GATE_FAILED + "boom")


FACTS = refused.HeldObject(
    "0198-load", "bad", "lake", BAD_DATA.key, BAD_DATA.reason, 10, 9, NOON, NOON, NOON,
    [refused.FailedExpectation("expect_x", "lines that are not a JSON object", 9, "at most 1", [2, 3, 4, 5, 6])],
)  # fmt: skip


def outcomes(state: GateState) -> dict[str, tuple[bool, AssetCheckSeverity]]:
    return {result.check_name: (result.passed, result.severity) for result in gate_results(state)}


def test_nothing_new_passes() -> None:
    assert all(passed for passed, _ in outcomes(GateState([], set(), 0)).values())


def test_a_held_object_warns_and_does_not_block_the_others() -> None:
    results = outcomes(GateState([BAD_DATA], {"bad", "good"}, 1))
    assert results["every_load_is_judged"][0]
    assert results["no_object_is_held"] == (False, AssetCheckSeverity.WARN)


def test_a_held_object_says_what_failed_and_where_to_look() -> None:
    docs = docs_link("s3://bucket/gate/index.html")
    results = gate_results(GateState([BAD_DATA], {"bad"}, 0), [FACTS], docs)
    metadata = {result.check_name: result.metadata for result in results}
    table = metadata["no_object_is_held"]["held"].md_str.splitlines()
    assert table[0] == "| object | load | expectation | found | expected | first lines at fault |"
    assert table[2] == (
        "| events/web/bad.ndjson | 0198-load | lines that are not a JSON object | 9 | at most 1 | 2, 3, 4, 5, 6 |"
    )
    assert {facts["data_docs"].value for facts in metadata.values()} == {"s3://bucket/gate/index.html"}


def test_pages_in_a_folder_are_named_once_they_are_there(tmp_path) -> None:
    page = tmp_path / "index.html"
    assert docs_link(str(page)) is None
    page.write_text("")
    assert docs_link(str(page)).value == str(page)


def test_a_load_of_held_objects_only_does_not_block_either() -> None:
    """The gate did judge; the marts of everything delivered before may be built."""
    assert outcomes(GateState([BAD_DATA], {"bad"}, 0))["every_load_is_judged"][0]


def test_a_gate_that_failed_blocks_when_nothing_was_published() -> None:
    results = outcomes(GateState([GATE_ERROR], {"new"}, 0))
    assert results["every_load_is_judged"] == (False, AssetCheckSeverity.ERROR)


def test_a_gate_that_failed_on_one_load_warns_when_others_were_published() -> None:
    results = outcomes(GateState([GATE_ERROR], {"new", "good"}, 1))
    assert results["every_load_is_judged"] == (False, AssetCheckSeverity.WARN)


def test_a_gate_failure_of_an_earlier_run_does_not_block_this_one() -> None:
    assert outcomes(GateState([GATE_ERROR], {"good"}, 1))["every_load_is_judged"][0]


@pytest.fixture
def run(services, settings, monkeypatch):
    """run() executes load, checks and one asset below them as a job would, on the module's bucket."""
    monkeypatch.setattr("orchestration.resources.connections.load_settings", lambda: settings)

    @asset(deps=[["raw", "event_lines"]])
    def mart() -> None: ...

    resources = {"warehouse": WarehouseResource(), "lake": LakeResource()}

    def execute():
        with DagsterInstance.ephemeral() as instance:
            return materialize([load_drops, gate, ledger, mart], resources=resources, instance=instance,
                               raise_on_error=False)  # fmt: skip

    return execute


def built(result) -> bool:
    return any(event.asset_key.to_user_string() == "mart" for event in result.get_asset_materialization_events())


def test_the_marts_of_good_objects_are_built_beside_a_held_one(warehouse, put, statement, run) -> None:
    put("events/web/good.ndjson", [statement(i) for i in range(10)])
    put("events/web/bad.ndjson", ["text"] * 10)
    result = run()
    assert result.success
    assert built(result)
    failed = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert [(check.check_name, check.severity) for check in failed] == [("no_object_is_held", AssetCheckSeverity.WARN)]
    cells = "the line is not JSON) | 10 | at most 1 refused lines in all | 1, 2, 3, 4, 5"
    assert cells in failed[0].metadata["held"].value
    assert ">held</span>" in Path(failed[0].metadata["data_docs"].value).read_text()


def test_a_broken_gate_holds_the_marts_back(warehouse, put, statement, run, monkeypatch) -> None:
    def broken(*_):
        raise RuntimeError("no great expectations today")

    monkeypatch.setattr("orchestration.loading.steps.gate._great_expectations", broken)
    put("events/web/unlucky.ndjson", [statement(1)])
    result = run()
    assert not result.success
    assert not built(result)


def test_a_check_that_cannot_look_is_a_failed_check(warehouse, run, monkeypatch) -> None:
    """No result at all would let the marts go on."""

    def broken(client, since):
        raise RuntimeError("engine gone")

    monkeypatch.setattr(gate_module, "gate_state", broken)
    result = run()
    assert not built(result)
    assert {check.passed for check in result.get_asset_check_evaluations() if check.check_name in GATE_CHECKS} == {
        False
    }


def test_what_the_comparison_found_is_reported_and_what_it_mended_is_in_order() -> None:
    counts = {"damaged": 1, "missing_in_lake": 7, "never_seen": 0}
    findings = [ReconcileFinding("damaged", "events/web/a", "o", "l", "revoked, and loaded again")]
    findings += [ReconcileFinding("missing_in_lake", f"events/web/{number}", "o", "l", "gone") for number in range(7)]
    raw, listed, seen = ledger_results([], counts, findings)
    assert (raw.passed, listed.passed, seen.passed) == (True, False, True)
    assert listed.severity == AssetCheckSeverity.WARN
    assert raw.metadata["what_became_of_them"].value == "events/web/a: revoked, and loaded again"
    assert listed.metadata["objects"].value == 7


def test_what_is_damaged_still_fails_the_check() -> None:
    damage = Damage("l", "o", "events/web/a", "e", 1, datetime.now(UTC), True, "the ledger has 5 lines, raw has 4")
    raw, *_ = ledger_results([damage], {}, [])
    assert (raw.passed, raw.severity) == (False, AssetCheckSeverity.ERROR)
