"""Event drops by lake date (`dt=…` in their keys): the asset whose partitions Dagster's UI loads again.

Loads mark the dates that they have loaded, so that its page shows which days the warehouse has. The raw tables
themselves have no partitions: a job with one partitioned asset would ask for a partition at each start.
"""

from collections.abc import Iterable, Iterator, Set
from datetime import date

from clickhouse_connect.driver.client import Client
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    BackfillPolicy,
    Config,
    DailyPartitionsDefinition,
    Failure,
    MaterializeResult,
    asset,
)
from pydantic import Field

from orchestration.assets.owners import OWNERS
from orchestration.assets.replay import replay_for, replay_metadata
from orchestration.loading import WarehouseError
from orchestration.loading.replay import NothingToReplay, Selection
from orchestration.loading.state.lake_dates import LakeDate, loaded_dates
from orchestration.resources.connections import LakeResource, WarehouseResource

FIRST_LAKE_DATE = "2020-01-01"
"""First partition; older dates are replayed by their prefix."""
LAKE_DATES = DailyPartitionsDefinition(start_date=FIRST_LAKE_DATE, end_offset=1)
EVENT_DROPS = AssetKey(["lake", "event_drops"])


class ReloadConfig(Config):
    """Why lake dates are loaded again."""

    reason: str = Field(
        "Backfill of lake dates.", description="Why the dates are loaded again; it stays in the ledger."
    )


@asset(
    key=EVENT_DROPS,
    partitions_def=LAKE_DATES,
    backfill_policy=BackfillPolicy.single_run(),
    group_name="raw",
    kinds={"s3"},
    owners=OWNERS,
    description="Event drops by lake date, the day in `dt=…` of their keys. A date is materialized when something of "
    "it was loaded. Materialize dates to load their drops again, as after a correction in the lake: what the gate "
    "lets through takes the place of what was there, at once for readers. The marts follow with the next build, which "
    "near_real_time starts within ten minutes. New drops need none of this: they are loaded as they come.",
)
def event_drops(
    context: AssetExecutionContext, config: ReloadConfig, warehouse: WarehouseResource, lake: LakeResource
) -> MaterializeResult:
    """Replay the objects of the partitions of this run; dates without any are in order."""
    days = tuple(date.fromisoformat(key) for key in context.partition_keys)
    try:
        report = replay_for(context, warehouse, lake, Selection(lake_dates=days), config.reason)
    except NothingToReplay as nothing:
        context.log.info(str(nothing))
        return MaterializeResult(metadata={"objects_selected": 0})
    except WarehouseError as error:
        raise Failure(str(error), allow_retries=False) from error
    return MaterializeResult(metadata=replay_metadata(report))


def mark_loaded_dates(
    context: AssetExecutionContext, client: Client, bucket: str, since: str, is_everything: bool
) -> None:
    """Tell Dagster which lake dates this run has loaded, since the load_id `since`; after a look at the whole lake also
    those that it does not know to be loaded, as after a loss of its records."""
    dates = loaded_dates(client, bucket, since)
    if is_everything:
        known = context.instance.get_materialized_partitions(EVENT_DROPS)
        dates += unknown_dates(loaded_dates(client, bucket), known | {f"{loaded.day}" for loaded in dates})
    for event in materializations(dates):
        context.log_event(event)


def unknown_dates(dates: Iterable[LakeDate], known: Set[str]) -> list[LakeDate]:
    """The dates that are partitions and are not among the known ones."""
    return [loaded for loaded in dates if f"{loaded.day}" not in known]


def materializations(dates: Iterable[LakeDate]) -> Iterator[AssetMaterialization]:
    """A materialization for each date that is a partition."""
    first = date.fromisoformat(FIRST_LAKE_DATE)
    for loaded in dates:
        if loaded.day >= first:
            yield AssetMaterialization(
                EVENT_DROPS,
                partition=f"{loaded.day}",
                metadata={"objects_loaded": loaded.object_count, "lines_loaded": loaded.line_count},
            )
