"""The gate as asset checks.

The real gate is the verdict row that readers honour: a held object is simply not live, so the marts of all good
objects may be built. Downstream assets are therefore held back only when a run could publish nothing because the gate
itself failed; everything else is a warning that a person should look at.
"""

from collections.abc import Iterator

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, multi_asset_check

from orchestration.loading.gate import GateState, gate_state
from orchestration.loading.reconcile import lines_missing_from_raw
from orchestration.resources.connections import WarehouseResource

EVENT_LINES = ["raw", "event_lines"]
GATE_SPECS = [
    AssetCheckSpec(
        "every_load_is_judged",
        asset=EVENT_LINES,
        blocking=True,
        description="The gate gave a verdict on every object of this run's loads. It blocks the marts when the gate "
        "itself failed and nothing new could be published.",
    ),
    AssetCheckSpec(
        "no_object_is_held",
        asset=EVENT_LINES,
        description="No object waits behind the gate. A held object is not in the marts; all others are.",
    ),
]
LEDGER_SPECS = [
    AssetCheckSpec(
        "raw_lines_equal_the_ledger",
        asset=EVENT_LINES,
        description="Every live object has as many lines in raw as the ledger recorded, after a power loss as well.",
    )
]


@multi_asset_check(specs=GATE_SPECS, name="gate")
def gate(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> Iterator[AssetCheckResult]:
    """Read the verdicts of this run. Whatever breaks here is a failed result: none at all would let the marts go on."""
    try:
        started_at = context.instance.get_run_record_by_id(context.run.run_id).create_timestamp
        results = gate_results(gate_state(warehouse.connect(), started_at))
    except Exception as error:
        results = [_failed(spec.name, AssetCheckSeverity.ERROR, {"error": str(error)}) for spec in GATE_SPECS]
    yield from results


@multi_asset_check(specs=LEDGER_SPECS, name="ledger")
def ledger(warehouse: WarehouseResource) -> Iterator[AssetCheckResult]:
    """Compare raw with the ledger; nightly, because it looks at every object there is."""
    missing = lines_missing_from_raw(warehouse.connect())
    yield AssetCheckResult(
        check_name="raw_lines_equal_the_ledger",
        asset_key=EVENT_LINES,
        passed=not missing,
        severity=AssetCheckSeverity.ERROR,
        metadata={"objects": len(missing), "first_objects": "\n".join(missing[:20])},
    )


def gate_results(state: GateState) -> list[AssetCheckResult]:
    """The two results that a state of the gate means."""
    failed_now = [each for each in state.held if each.is_gate_failure and each.object_id in state.judged_now]
    severity = AssetCheckSeverity.WARN if state.published_now else AssetCheckSeverity.ERROR
    reasons = "\n".join(f"{each.key}: {each.reason}" for each in state.held[:50])
    judged = (
        _failed("every_load_is_judged", severity, {"objects": len(failed_now), "reason": failed_now[0].reason})
        if failed_now
        else AssetCheckResult(
            check_name="every_load_is_judged",
            asset_key=EVENT_LINES,
            passed=True,
            metadata={"judged_now": len(state.judged_now), "published_now": state.published_now},
        )
    )
    held = (
        _failed("no_object_is_held", AssetCheckSeverity.WARN, {"objects": len(state.held), "reasons": reasons})
        if state.held
        else AssetCheckResult(check_name="no_object_is_held", asset_key=EVENT_LINES, passed=True)
    )
    return [judged, held]


def _failed(name: str, severity: AssetCheckSeverity, metadata: dict) -> AssetCheckResult:
    return AssetCheckResult(check_name=name, asset_key=EVENT_LINES, passed=False, severity=severity, metadata=metadata)
