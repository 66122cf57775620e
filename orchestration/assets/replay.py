"""Replay in Dagster: as the first step of the job `replay`, which builds the marts as well.

Lake dates are loaded again by their own asset (lake_dates.py), with the functions of this module.
"""

from datetime import date
from functools import partial

from dagster import (
    AssetExecutionContext,
    AssetSpec,
    Config,
    Failure,
    MaterializeResult,
    multi_asset,
)
from pydantic import Field

from orchestration.assets.owners import OWNERS
from orchestration.assets.run_events import tell_progress
from orchestration.assets.turns import LOADING, turn
from orchestration.loading import WarehouseError
from orchestration.loading.replay import ReplayError, ReplayReport, Selection, replay
from orchestration.resources.connections import LakeResource, WarehouseResource


class ReplayConfig(Config):
    """What to replay: objects that meet all conditions given."""

    reason: str = Field(description="Why they are loaded again; it stays in the ledger.")
    prefix: str = Field("", description="Objects below this prefix of the lake, for instance events/web/.")
    since: str = Field("", description="Objects delivered on this day (YYYY-MM-DD, UTC) or later.")
    objects: list[str] = Field([], description="Objects by their keys.")

    def selection(self) -> Selection:
        try:
            since = date.fromisoformat(self.since) if self.since else None
        except ValueError:
            raise ReplayError(f"`since` is '{self.since}'; expected a day as YYYY-MM-DD.") from None
        return Selection(self.prefix, since, tuple(self.objects))


REVOCATIONS = AssetSpec(
    ["ops", "load_revocations"],
    group_name="ledger",
    kinds={"clickhouse", "s3"},
    owners=OWNERS,
    description="One row per commit that counts no more. Materializing it replays the objects of the config: they are "
    "loaded and judged again, and take the place of their former commits.",
)


@multi_asset(name="replay_drops", specs=[REVOCATIONS])
def replay_drops(
    context: AssetExecutionContext, config: ReplayConfig, warehouse: WarehouseResource, lake: LakeResource
) -> MaterializeResult:
    """Replay what the config names."""
    try:
        report = replay_for(context, warehouse, lake, config.selection(), config.reason)
    except WarehouseError as error:
        raise Failure(str(error), allow_retries=False) from error
    return MaterializeResult(metadata=replay_metadata(report))


def replay_metadata(report: ReplayReport) -> dict[str, int | str]:
    """The replay in numbers, for the asset's page and for the command."""
    metadata: dict[str, int | str] = {
        "objects_selected": report.selected_count,
        "objects_replaced": len(report.replaced),
        "objects_held": len(report.held),
        "objects_not_in_lake": len(report.not_in_lake),
        "objects_unreadable": report.load.parked_count + len(report.load.failed),
        "lines_loaded": report.load.line_count,
    }
    kept = [f"{drop.key}: not in the lake in this version, left as it was" for drop in report.not_in_lake]
    kept += [f"{held.key}: held, {held.reason}" for held in report.held]
    kept += [
        f"{refused.drop.key}: {refused.code}, {refused.message}" for refused in report.load.parked + report.load.failed
    ]
    if kept:
        metadata["not_replaced"] = "\n".join(kept[:50])
    return metadata


def replay_for(
    context: AssetExecutionContext,
    warehouse: WarehouseResource,
    lake: LakeResource,
    selection: Selection,
    reason: str,
) -> ReplayReport:
    """Replay in the turn of this run. Raises WarehouseError, NothingToReplay where nothing is selected."""
    settings = lake.override(warehouse.settings())
    with turn(context, settings.home, LOADING):
        return replay(warehouse.connect(), lake.connect(), settings, selection, reason, partial(tell_progress, context))
