"""Everything Dagster knows, by name. Importing this module touches no network: connections open in runs and ticks."""

from dagster import AssetSelection, Definitions, define_asset_job

from orchestration.assets.briefs import define_weekly_brief
from orchestration.assets.churn import define_churn_models, define_churn_scores
from orchestration.assets.exposures import define_exposures
from orchestration.assets.lake_dates import event_drops
from orchestration.assets.marts import dbt_cli, define_mart_assets, near_real_time_models, weekly_models
from orchestration.assets.raw import load_drops
from orchestration.assets.replay import replay_drops
from orchestration.checks.build import build_verdict
from orchestration.checks.churn import scores_are_published, training_set_is_sound
from orchestration.checks.gate import gate, ledger
from orchestration.checks.published import published, warnings
from orchestration.checks.realtime import realtime
from orchestration.checks.rebuilds import define_rebuilds
from orchestration.loading.state.builds import BUILD_JOBS
from orchestration.resources.connections import WarehouseResource, define_lake, define_queue
from orchestration.resources.dagster_instance import FREQUENT, LONG
from orchestration.resources.executor import one_process
from orchestration.schedules.cadences import (
    define_near_real_time_schedule,
    define_nightly_schedule,
    define_weekly_schedule,
)
from orchestration.sensors.alerts import define_alerts_sensor
from orchestration.sensors.drops import define_drops_sensor

build_models = define_mart_assets()
rebuilds = define_rebuilds(build_models)
weekly_brief = define_weekly_brief()
churn_scores, churn_models = define_churn_scores(), define_churn_models()
loading = AssetSelection.assets(load_drops)
everything = AssetSelection.all() - AssetSelection.assets(event_drops)

near_real_time = define_asset_job(
    "near_real_time",
    tags=FREQUENT,
    selection=(loading | near_real_time_models(build_models)) - AssetSelection.checks(ledger, rebuilds),
    executor_def=one_process,
    description="Load what is due, judge it, build the models of every day's questions.",
)
nightly = define_asset_job(
    "nightly",
    tags=LONG,
    selection=everything
    - AssetSelection.assets(replay_drops, weekly_brief, churn_scores, churn_models)
    - AssetSelection.checks(scores_are_published, training_set_is_sound)
    - weekly_models(build_models),
    executor_def=one_process,
    description="Load what is due, judge it, build every model but the weekly ones, compare raw with the ledger.",
)
weekly = define_asset_job(
    "weekly",
    tags=LONG,
    selection=everything - AssetSelection.assets(replay_drops) - AssetSelection.checks(ledger),
    executor_def=one_process,
    description="Load what is due, judge it, build every model, those of whole weeks included, write the brief.",
)
replay = define_asset_job(
    "replay",
    tags=LONG,
    selection=everything - AssetSelection.checks(ledger),
    executor_def=one_process,
    description="Load again what the config names, by a decision of record, and build every model.",
)
replay_day = define_asset_job(
    "replay_day",
    selection=[event_drops],
    executor_def=one_process,
    description="Load the event drops of lake dates again: one date, or a range as one run. The marts follow with the "
    "next build.",
)

defs = Definitions(
    executor=one_process,
    assets=[
        replay_drops,
        event_drops,
        load_drops,
        build_models,
        weekly_brief,
        churn_scores,
        churn_models,
        *define_exposures(),
    ],
    asset_checks=[
        gate,
        ledger,
        published,
        warnings,
        build_verdict,
        realtime,
        rebuilds,
        training_set_is_sound,
        scores_are_published,
    ],
    jobs=[near_real_time, nightly, weekly, replay, replay_day],
    sensors=[define_drops_sensor(near_real_time, BUILD_JOBS), define_alerts_sensor(BUILD_JOBS)],
    schedules=[
        define_near_real_time_schedule(near_real_time),
        define_nightly_schedule(nightly),
        define_weekly_schedule(weekly),
    ],
    resources={"warehouse": WarehouseResource(), "lake": define_lake(), "queue": define_queue(), "dbt": dbt_cli()},
)
