"""The gate as asset checks.

The real gate is the verdict row that readers honour: a held object is simply not live, so the marts of all good
objects may be built. Downstream assets are therefore held back only when a run could publish nothing because the gate
itself failed; everything else is a warning that a person should look at.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    MetadataValue,
    multi_asset_check,
)

from orchestration.assets.status import held_table
from orchestration.expectations.data_docs import served_address
from orchestration.loading.state.held import GateState, gate_state
from orchestration.loading.state.history import ReconcileFinding, last_reconcile
from orchestration.loading.state.refused import HeldObject, held_objects
from orchestration.loading.upkeep.reconcile import Damage, find_damages
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
        description="Every commit that counts has as many lines in raw as the ledger recorded, after a power loss as "
        "well. The load of this run has read damaged objects again where the lake still has them.",
    ),
    AssetCheckSpec(
        "the_lake_lists_what_is_live",
        asset=EVENT_LINES,
        description="Every live object is still in the lake. One that is not stays live, but cannot be replayed.",
    ),
    AssetCheckSpec(
        "every_drop_is_seen_in_time",
        asset=EVENT_LINES,
        description="No drop that the lake had at the last comparison was overlooked until this one.",
    ),
]
_LISTING_CHECKS = {"missing_in_lake": "the_lake_lists_what_is_live", "never_seen": "every_drop_is_seen_in_time"}
"""ReconcileFinding of the comparison with the listing → the check that reports it."""


@multi_asset_check(specs=GATE_SPECS, name="gate")
def gate(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> Iterator[AssetCheckResult]:
    """Read the verdicts of this run. Whatever breaks here is a failed result: none at all would let the marts go on."""
    try:
        started_at = context.instance.get_run_record_by_id(context.run.run_id).create_timestamp
        client = warehouse.connect()
        docs = docs_link(served_address(warehouse.settings()))
        results = gate_results(gate_state(client, started_at), held_objects(client), docs)
    except Exception as error:
        results = [_result(spec.name, {"error": str(error)}, AssetCheckSeverity.ERROR) for spec in GATE_SPECS]
    yield from results


@multi_asset_check(specs=LEDGER_SPECS, name="ledger")
def ledger(warehouse: WarehouseResource) -> Iterator[AssetCheckResult]:
    """Raw, ledger and lake set against each other; nightly, because it looks at every object there is."""
    client = warehouse.connect()
    last = last_reconcile(client)
    counts, findings = (last.counts, last.findings) if last else ({}, [])
    yield from ledger_results(find_damages(client, reads_lines=False), counts, findings)


def ledger_results(
    damages: list[Damage], counts: dict[str, int], findings: list[ReconcileFinding]
) -> list[AssetCheckResult]:
    """What is damaged still, and what the load's comparison found."""
    seen = {
        name: [found_by_load for found_by_load in findings if found_by_load.finding == name]
        for name in ("damaged", *_LISTING_CHECKS)
    }
    damaged_now = [f"{damage.key}: {damage.detail}" for damage in damages]
    repaired = [f"{finding.key}: {finding.detail}" for finding in seen["damaged"]]
    results = [
        AssetCheckResult(
            check_name="raw_lines_equal_the_ledger",
            asset_key=EVENT_LINES,
            passed=not damages,
            severity=AssetCheckSeverity.ERROR,
            metadata={
                "objects": len(damages),
                "first_objects": "\n".join(damaged_now[:20]),
                "found_by_the_load": counts.get("damaged", 0),
                "what_became_of_them": "\n".join(repaired[:20]),
            },
        )
    ]
    for finding, check in _LISTING_CHECKS.items():
        keys = "\n".join(f"{entry.key}: {entry.detail}" for entry in seen[finding][:20])
        results.append(
            AssetCheckResult(
                check_name=check,
                asset_key=EVENT_LINES,
                passed=not counts.get(finding),
                severity=AssetCheckSeverity.WARN,
                metadata={"objects": counts.get(finding, 0), "first_objects": keys},
            )
        )
    return results


def gate_results(
    state: GateState, held: Sequence[HeldObject] = (), docs: MetadataValue | None = None
) -> list[AssetCheckResult]:
    """The two results that a state of the gate means; `held` says of the objects why, and where in them to look."""
    link = {"data_docs": docs} if docs else {}
    failed_now = [
        held_object
        for held_object in state.held
        if held_object.is_gate_failure and held_object.object_id in state.judged_now
    ]
    if failed_now:
        severity = AssetCheckSeverity.WARN if state.published_now else AssetCheckSeverity.ERROR
        facts = {"objects": len(failed_now), "reason": failed_now[0].reason}
        judged = _result("every_load_is_judged", facts | link, severity)
    else:
        facts = {"judged_now": len(state.judged_now), "published_now": state.published_now}
        judged = _result("every_load_is_judged", facts | link)
    if not state.held:
        return [judged, _result("no_object_is_held", link)]
    facts = {"objects": len(state.held)} | ({"held": MetadataValue.md(held_table(held))} if held else {})
    return [judged, _result("no_object_is_held", facts | link, AssetCheckSeverity.WARN)]


def docs_link(address: str) -> MetadataValue | None:
    """The pages of the gate, as far as they are there: an address, or a path while none serves them."""
    if "://" in address:
        return MetadataValue.url(address)
    return MetadataValue.path(address) if Path(address).exists() else None


def _result(name: str, metadata: dict, failed: AssetCheckSeverity | None = None) -> AssetCheckResult:
    """Passed, unless it failed with this severity."""
    return AssetCheckResult(
        check_name=name,
        asset_key=EVENT_LINES,
        passed=failed is None,
        severity=failed or AssetCheckSeverity.ERROR,
        metadata=metadata,
    )
