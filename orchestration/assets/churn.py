"""The churn scores as an asset: between the training set, which dbt builds, and the marts of the scores."""

import os

from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    AssetSpec,
    Failure,
    MaterializeResult,
    MetadataValue,
    multi_asset,
)
from dagster_dbt import DbtCliResource, dbt_assets

from orchestration.assets.build_config import BuildConfig
from orchestration.assets.dbt_project import dbt_project
from orchestration.assets.marts import CHURN_MODELS, ProjectTranslator, about_tests, artifacts, as_judged, build_command
from orchestration.assets.outcome import read_account, read_outcome
from orchestration.assets.owners import OWNERS
from orchestration.assets.turns import BUILDING, turn
from orchestration.loading import WarehouseError
from orchestration.machine.lifetimes import tied_to_us
from orchestration.resources.connections import WarehouseResource

TRAINING_SET = ("marts", "agg_churn_training")
RUNS, FIGURES, SCORES = (("ops", name) for name in ("churn_runs", "churn_figures", "churn_scores"))
DESCRIPTIONS = {
    RUNS: "One row per training run of the churn model: whether its scores are published, and if not, why.",
    FIGURES: "One row per training run, part of the test weeks, model and measure: how good the scores are.",
    SCORES: "One row per training run, learner and course that was to be scored.",
}


def define_churn_scores() -> AssetsDefinition:
    """Training and scoring as one step with three tables."""

    @multi_asset(
        name="churn_scores",
        group_name="churn",
        specs=[
            AssetSpec(list(key), deps=[list(TRAINING_SET)], description=description, kinds={"python"}, owners=OWNERS)
            for key, description in DESCRIPTIONS.items()
        ],
    )
    def churn_scores(context: AssetExecutionContext, warehouse: WarehouseResource):
        """Fit, measure, judge, score; leave a model card in the home."""
        from orchestration.churn.plots import calibration_table
        from orchestration.churn.weekly import score_week

        try:
            client, home = warehouse.connect(), warehouse.settings().home
        except WarehouseError as error:
            raise Failure(str(error), allow_retries=False) from error
        week = score_week(client, home)
        run = week.run
        context.log.info(f"{_verdict(run)}; model card: {week.card}")
        metadata = {
            "is_published": run.is_published,
            "reason": run.reason,
            "model": run.chosen,
            "model_version": run.model_version,
            "model_card": MetadataValue.path(str(week.card)),
            **run.counts,
            **{f"{stage}_seconds": MetadataValue.float(value) for stage, value in week.seconds.items()},
        }
        if run.figures:
            metadata["calibration"] = MetadataValue.md(calibration_table(run.curve))
        metadata |= {
            figure.measure: MetadataValue.float(figure.value)
            for figure in run.figures
            if (figure.scope_kind, figure.model) == ("all", run.chosen)
        }
        for key in DESCRIPTIONS:
            yield MaterializeResult(asset_key=list(key), metadata=metadata if key == RUNS else {})

    return churn_scores


def _verdict(run) -> str:
    return "Published" if run.is_published else f"Not published: {run.reason}"


def define_churn_models() -> AssetsDefinition:
    """The models that are made of churn scores, and of contacts with learners."""

    @dbt_assets(
        name="build_churn_models",
        manifest=dbt_project().manifest_path,
        project=dbt_project(),
        select=CHURN_MODELS,
        dagster_dbt_translator=ProjectTranslator(),
    )
    def build_churn_models(
        context: AssetExecutionContext, config: BuildConfig, warehouse: WarehouseResource, dbt: DbtCliResource
    ):
        """Build and test the models of the scores; the build of the marts before it is a record of its own."""
        try:
            settings, client = warehouse.settings(), warehouse.connect()
        except WarehouseError as error:
            raise Failure(str(error), allow_retries=False) from error
        os.environ.update(settings.as_environment() | tied_to_us() | about_tests(is_scheduled=False))
        with turn(context, settings.home, BUILDING), artifacts(settings, context) as target:
            command = build_command(is_scheduled=False) + config.words()
            invocation = dbt.cli(command, context=context, target_path=target, raise_on_error=False)
            for event in invocation.stream():
                yield as_judged(event, invocation.manifest)
            outcome = read_outcome(read_account(target), invocation.manifest, client)
            if outcome.faults:
                raise Failure("\n".join(outcome.faults), allow_retries=False)

    return build_churn_models
