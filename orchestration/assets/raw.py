"""The raw assets: lines of the lake's drops, loaded exactly once (see `orchestration.loading`).

One operation loads all of them, because a load is one pass over the lake. The ledger's views belong to it as well.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from clickhouse_connect.driver.client import Client
from dagster import (
    AssetExecutionContext,
    AssetSpec,
    Backoff,
    Config,
    Failure,
    MaterializeResult,
    RetryPolicy,
    RunConfig,
    multi_asset,
)
from pydantic import Field

from orchestration.assets.lake_dates import EVENT_DROPS, mark_loaded_dates
from orchestration.assets.owners import OWNERS
from orchestration.assets.run_events import tell_progress
from orchestration.assets.status import status_metadata
from orchestration.assets.turns import LOADING, turn
from orchestration.drop_kinds import DROP_KINDS
from orchestration.loading import LoadReport, WarehouseError, load_pending, status
from orchestration.loading.lake.scope import Tier, scope_of
from orchestration.loading.ledger.entries import first_load_id, server_now
from orchestration.resources.connections import LakeResource, WarehouseResource
from orchestration.resources.passing import may_pass

_STAMPED = "stamped with the attempt that read it. Only attempts that the ledger calls live count."
DESCRIPTIONS = {
    **{
        tuple(kind.raw_table.split(".")): f"One row per line of a drop below {kind.prefix}, verbatim, {_STAMPED}"
        for kind in DROP_KINDS.values()
    },
    (
        "ops",
        "live_objects",
    ): "One row per object that readers see: committed, let through by the gate, newest of its key.",
    ("ops", "first_commits"): "One row per object version that was loaded: the first attempt to commit it.",
    ("ops", "current_verdicts"): "One row per load and object that the gate judged: its last verdict.",
    ("ops", "object_refusals"): "One row per load and object with refused lines: how many, by reason.",
    ("ops", "object_failures"): "One row per failed try to read an object.",
}

RAW_SPECS = [
    AssetSpec(
        list(key),
        description=description,
        # A replay goes before the load of the same run.
        deps=[["ops", "load_revocations"], *[EVENT_DROPS] * (key == ("raw", "event_lines"))],
        owners=OWNERS,
        group_name="raw" if key[0] == "raw" else "ledger",
        kinds={"clickhouse", "s3"} if key[0] == "raw" else {"clickhouse"},
    )
    for key, description in DESCRIPTIONS.items()
]


LOAD_STEP = "load_drops"
RETRY_SECONDS = 10
MORE_TO_FETCH = "the answer of the record store names a next page (`more`): deliver what follows as well"


class LoadDropsConfig(Config):
    """How much of the lake a load looks at. What is due there is decided by the ledger, when the load starts."""

    tier: Tier = Field(
        default=Tier.EVERYTHING,
        description="RECENT: today and yesterday; WEEK: the last seven days; EVERYTHING: the whole lake.",
    )
    prefixes: list[str] = Field(default=[], description="Prefixes to look at besides, such as events/my_app/2025/.")


def load_config(tier: Tier, prefixes: Iterable[str] = ()) -> RunConfig:
    """The config of a run that loads what is due in a part of the lake."""
    return RunConfig(ops={LOAD_STEP: LoadDropsConfig(tier=tier, prefixes=list(prefixes))})


@multi_asset(
    name=LOAD_STEP,
    specs=RAW_SPECS,
    retry_policy=RetryPolicy(max_retries=2, delay=RETRY_SECONDS, backoff=Backoff.EXPONENTIAL),
)
def load_drops(
    context: AssetExecutionContext, config: LoadDropsConfig, warehouse: WarehouseResource, lake: LakeResource
) -> Iterator[MaterializeResult]:
    """Load every drop that the ledger does not know, and let the gate judge it.

    Tried again, after 10 and 20 seconds, where a connection broke or a service had too much to do; an object that
    cannot be read has tries of its own, over days.
    """
    try:
        with turn(context, warehouse.settings().home, LOADING):
            client, bucket = warehouse.connect(), lake.connect()
            scope = scope_of(bucket, config.tier, server_now(client).date(), config.prefixes)
            settings = lake.override(warehouse.settings())
            since = first_load_id(server_now(client))
            report = load_pending(client, bucket, settings, on_progress=partial(tell_progress, context), scope=scope)
            mark_loaded_dates(context, client, bucket.bucket, since, scope.is_everything)
    except Failure:
        raise
    except Exception as error:
        words = str(error) if isinstance(error, WarehouseError) else f"{type(error).__name__}: {error}"
        raise Failure(words, allow_retries=may_pass(error)) from error
    for key in report.unfinished_keys:
        context.log.warning(f"{key}: {MORE_TO_FETCH}")
    row_counts = raw_row_counts(client)
    for key in DESCRIPTIONS:
        metadata = report_metadata(report) if key == ("raw", "event_lines") else {}
        # A status reads the whole ledger and lists the whole lake: not for a load that looks at two days.
        if key == ("ops", "live_objects") and scope.is_everything:
            metadata = status_metadata(status(client, bucket))
        if key in row_counts:
            metadata["dagster/row_count"] = row_counts[key]
        yield MaterializeResult(asset_key=list(key), metadata=metadata)


def report_metadata(report: LoadReport) -> dict:
    """The load in numbers, for the asset's page."""
    metadata = {
        "objects_loaded": report.object_count,
        "lines_loaded": report.line_count,
        # The gate's count, which has what staging refuses as well; 0 where the gate could not look.
        "lines_rejected": max(report.rejected_count, report.judgement.refused_count),
        "objects_parked": report.parked_count,
        "objects_to_retry": len(report.failed) + report.waiting_count,
        "objects_published": report.judgement.published_count,
        "objects_held": report.held_count,
        "seconds": round(report.seconds, 1),
    }
    problems = [f"{key}: {MORE_TO_FETCH}" for key in report.unfinished_keys]
    problems += [f"{refused.drop.key}: {refused.message}" for refused in report.parked + report.failed]
    problems += [f"{held.key}: {held.reason}" for held in report.judgement.held]
    problems += [report.judgement.docs_problem] * bool(report.judgement.docs_problem)
    if problems:
        metadata["problems"] = "\n".join(problems[:50])
    return metadata


def raw_row_counts(client: Client) -> dict[tuple[str, str], int]:
    """Rows of each raw table, from the parts' own counts."""
    rows = client.query("select name, total_rows from system.tables where database = 'raw'").result_rows
    return {("raw", name): int(count or 0) for name, count in rows}
