"""The last word on a build: it fails the run after the marts are published and the other checks have looked."""

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetKey, asset_check

from orchestration.assets.marts import ANCHOR
from orchestration.loading import last_build
from orchestration.loading.state.builds import BUILD_JOBS
from orchestration.resources.connections import WarehouseResource


@asset_check(asset=AssetKey(ANCHOR), name="models_are_built_and_tests_hold", blocking=True)
def build_verdict(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> AssetCheckResult:
    """Every selected model was built, and every data test that guards our SQL holds.

    Fails the run, last of all: what could be built is published by then. The message names the models and tests that
    failed, and the first rows at fault. Tests that only data can fail are alerts in `warehouse status`.
    """
    job = context.run.job_name
    started_at = context.instance.get_run_record_by_id(context.run.run_id).create_timestamp
    build = last_build(warehouse.connect(), job)
    if job not in BUILD_JOBS:
        # A selection by hand is not recorded: its own step has failed where anything was wrong.
        return AssetCheckResult(passed=True)
    if build is None or build.started_at < started_at:
        return AssetCheckResult(
            passed=False, metadata={"faults": "The build of this run left no record of its outcome."}
        )
    return AssetCheckResult(passed=build.status == "success", metadata={"faults": build.detail})
