"""Replay in Dagster: as the first step of the job `replay`, which builds the marts as well, and day by day.

`replay_day` has a partition per lake date (`dt=…`), so that the UI's backfills reach it. It changes the raw layer only:
the marts follow with the next build, once for all days instead of once per day.
"""

from datetime import date, datetime

from dagster import (
    AssetExecutionContext,
    AssetSpec,
    Config,
    DailyPartitionsDefinition,
    Failure,
    JobDefinition,
    MaterializeResult,
    OpExecutionContext,
    job,
    multi_asset,
    op,
)
from pydantic import Field

from orchestration.assets.turns import LOADING, turn
from orchestration.loading import WarehouseError
from orchestration.loading.loader import Progress
from orchestration.loading.replay import NothingToReplay, ReplayError, ReplayReport, Selection, replay
from orchestration.resources.connections import LakeResource, WarehouseResource
from orchestration.resources.executor import one_process

FIRST_LAKE_DATE = "2020-01-01"
"""First partition of `replay_day`; older dates are replayed by their prefix."""


class ReplayConfig(Config):
    """What to replay: objects that meet all conditions given."""

    reason: str = Field(description="Why; it stays in the ledger.")
    prefix: str = Field("", description="Objects below this prefix of the lake, for instance events/web/.")
    since: str = Field("", description="Objects delivered on this day (YYYY-MM-DD, UTC) or later.")
    objects: list[str] = Field([], description="Objects by their keys.")

    def selection(self) -> Selection:
        try:
            since = date.fromisoformat(self.since) if self.since else None
        except ValueError:
            raise ReplayError(f"`since` is '{self.since}'; expected a day as YYYY-MM-DD.") from None
        return Selection(self.prefix, since, tuple(self.objects))


class ReplayDayConfig(Config):
    """Why a day is replayed."""

    reason: str = Field("Backfill of a lake date.", description="Why; it stays in the ledger.")


REVOCATIONS = AssetSpec(
    ["ops", "load_revocations"],
    group_name="ledger",
    kinds={"clickhouse", "s3"},
    description="One row per commit that counts no more. Materializing it replays the objects of the config: they are "
    "loaded and judged again, and take the place of their former commits.",
)


@multi_asset(name="replay_drops", specs=[REVOCATIONS])
def replay_drops(
    context: AssetExecutionContext, config: ReplayConfig, warehouse: WarehouseResource, lake: LakeResource
) -> MaterializeResult:
    """Replay what the config names."""
    try:
        report = _replay(context, warehouse, lake, config.selection(), config.reason)
    except WarehouseError as error:
        raise Failure(str(error), allow_retries=False) from error
    return MaterializeResult(metadata=replay_metadata(report))


@op
def replay_lake_date(
    context: OpExecutionContext, config: ReplayDayConfig, warehouse: WarehouseResource, lake: LakeResource
) -> None:
    """Replay the objects below `dt=<partition>`; a day without any is in order."""
    day = datetime.strptime(context.partition_key, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    try:
        report = _replay(context, warehouse, lake, Selection(lake_date=day), config.reason)
    except NothingToReplay as nothing:
        context.log.info(str(nothing))
        return
    except WarehouseError as error:
        raise Failure(str(error), allow_retries=False) from error
    context.add_output_metadata(replay_metadata(report))


def define_replay_day_job() -> JobDefinition:
    """One partition per day of the lake."""

    @job(
        partitions_def=DailyPartitionsDefinition(start_date=FIRST_LAKE_DATE, end_offset=1),
        executor_def=one_process,
        description="Load the objects of a lake date again. The marts follow with the next build.",
    )
    def replay_day():
        replay_lake_date()

    return replay_day


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
    kept += [f"{each.key}: held, {each.reason}" for each in report.held]
    kept += [f"{each.drop.key}: {each.code}, {each.message}" for each in report.load.parked + report.load.failed]
    if kept:
        metadata["not_replaced"] = "\n".join(kept[:50])
    return metadata


def _replay(context, warehouse: WarehouseResource, lake: LakeResource, selection: Selection, reason: str):
    def log(progress: Progress) -> None:
        context.log.info(
            f"{progress.stage}: {progress.objects_done} of {progress.objects_total} objects, "
            f"{progress.line_count} lines"
        )

    settings = lake.override(warehouse.settings())
    with turn(context, settings.home, LOADING):
        return replay(warehouse.connect(), lake.connect(), settings, selection, reason, on_progress=log)
