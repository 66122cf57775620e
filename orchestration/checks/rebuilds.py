"""Near real time equals nightly: what a build left alone is what a rebuild would have made of it.

The models of every ten minutes recompute the units that were touched. Once a night, after the build, a sample of units
of each such table is built by the SQL of the whole table, and compared with it row by row. A difference fails the job:
then either our SQL misses what touches a unit, or a table was changed past dbt.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetsDefinition,
    Failure,
    multi_asset_check,
)

from orchestration.assets.data_tests import UNIQUE_ID
from orchestration.assets.marts import MANIFEST
from orchestration.assets.turns import BUILDING, turn
from orchestration.loading.state.alerts import REBUILT, record_alerts
from orchestration.loading.state.rebuilds import Comparison, SampledRebuild, compare, sampled_rebuilds
from orchestration.resources.connections import WarehouseResource

EQUALS = "equals_a_rebuild"
DESCRIPTION = "A sample of units, another each night, has the rows that the SQL of the whole table makes of them."
ERROR = 400
NOT_WRITTEN = (
    "dbt did not write down how to rebuild it (macros/incremental/write_sampled_rebuilds.sql), so nothing was compared."
)


def sampled_models(manifest: Mapping[str, Any]) -> set[str]:
    """Unique ids of the models that recompute only what was touched, and say by which unit a sample is taken."""
    return {name for name, node in manifest["nodes"].items() if node["config"].get("sampled_by")}


def define_rebuilds(models: AssetsDefinition):
    """The check, one result for each table."""
    by_id = {spec.metadata[UNIQUE_ID]: spec for spec in models.specs}
    sampled = sampled_models(next(iter(by_id.values())).metadata[MANIFEST].manifest)
    keys = {name: spec.key for name, spec in by_id.items() if name in sampled}
    specs = [AssetCheckSpec(EQUALS, asset=key, description=DESCRIPTION) for _, key in sorted(keys.items())]

    @multi_asset_check(specs=specs, name="compare_with_rebuild")
    def rebuilds(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> Iterator[AssetCheckResult]:
        """Fails the run after all tables were looked at, with the tables, units and the next step in its message."""
        started_at = context.instance.get_run_record_by_id(context.run.run_id).create_timestamp
        client = warehouse.connect()
        seconds, alerts = 0.0, []
        with turn(context.op_execution_context, warehouse.settings().home, BUILDING):
            asked = {rebuild.model: rebuild for rebuild in sampled_rebuilds(client, started_at)}
            for model, key in sorted(keys.items()):
                comparison, error = _compare(client, asked.get(model))
                fault = error or (fault_of(comparison) if comparison else "")
                seconds += comparison.seconds if comparison else 0
                if fault:
                    rows = comparison.live_rows + comparison.rebuilt_rows if comparison else 0
                    alerts.append((EQUALS, "", f"{'.'.join(key.path)}: {fault}", rows))
                yield AssetCheckResult(
                    passed=not fault,
                    asset_key=key,
                    check_name=EQUALS,
                    severity=AssetCheckSeverity.ERROR,
                    metadata=metadata_of(comparison) | ({"fault": fault} if fault else {}),
                )
        record_alerts(client, alerts, len(keys), look=REBUILT)
        context.log.info(f"{len(keys)} tables were compared with a rebuild of some units, in {seconds:,.1f} s.")
        if alerts:
            raise Failure("\n".join(alert[2] for alert in alerts), allow_retries=False)

    return rebuilds


def _compare(client, rebuild: SampledRebuild | None) -> tuple[Comparison | None, str]:
    """The comparison, or why it could not be made: a table that was not compared has not passed."""
    if rebuild is None:
        return None, NOT_WRITTEN
    try:
        return compare(client, rebuild), ""
    except Exception as error:  # whatever the engine says, the other tables are still compared
        return None, f"The sample could not be built: {' '.join(str(error).split())[:ERROR]}"


def fault_of(comparison: Comparison) -> str:
    """What differs and what to do, in sentences; empty when nothing does."""
    if comparison.is_equal:
        return ""
    table = comparison.relation.rpartition(".")[2]
    shown = ", ".join(comparison.differing_units)
    return (
        f"{comparison.differing_count:,} of {comparison.unit_count:,} sampled units ({comparison.unit}) differ from a "
        f"rebuild: {shown}. Rows only in the table: {comparison.live_rows:,}; only in the rebuild: "
        f"{comparison.rebuilt_rows:,}. Next: 'uv run dbt build --full-refresh --select {table}+', then "
        "'uv run dagster job execute -j nightly'. If the same units differ again, a model misses what touches them: "
        "please report it."
    )


def metadata_of(comparison: Comparison | None) -> dict[str, Any]:
    """The sample in numbers, for the check's page."""
    if comparison is None:
        return {}
    return {
        "sample": comparison.condition,
        "units": comparison.unit_count,
        "rows": comparison.row_count,
        "differing_units": comparison.differing_count,
        "rows_only_in_table": comparison.live_rows,
        "rows_only_in_rebuild": comparison.rebuilt_rows,
        "seconds": comparison.seconds,
    }
