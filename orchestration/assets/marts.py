"""The dbt models as assets: staging, intermediate and marts, with dbt's tests as their checks."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSelection,
    Failure,
    Output,
)
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from orchestration.assets.build_config import BuildConfig
from orchestration.assets.data_tests import UNIQUE_ID, as_events, ask_data_tests, chosen_only, with_verdicts
from orchestration.assets.dbt_project import build_fingerprint, dbt_project
from orchestration.assets.outcome import Outcome, is_error, read_account, read_outcome
from orchestration.assets.parts import parts_of, words_for
from orchestration.assets.rest import reason_to_rest
from orchestration.assets.table_facts import with_facts
from orchestration.assets.turns import BUILDING, turn
from orchestration.loading import WarehouseError, record_build
from orchestration.loading.state.alerts import TESTED, record_alerts
from orchestration.loading.state.builds import BUILD_JOBS, COVERED_BY, last_snapshot
from orchestration.loading.state.data_tests import TEST_QUERIES
from orchestration.loading.state.rebuilds import SAMPLED_REBUILDS
from orchestration.machine.lifetimes import tied_to_us
from orchestration.resources.connections import WarehouseResource
from orchestration.resources.dbt import ProjectDbt
from orchestration.settings import Settings

CHURN_MODELS = "tag:churn"
"""What is made of the churn scores, which are made of the other models: built in a step of its own, after them."""
DETAIL = 4000
"""Characters of what failed that ops.builds keeps."""
MANIFEST = "dagster_dbt/manifest"
ANCHOR = ("marts", "agg_data_watermark")
"""A model of every recorded job. The check on it (checks/build.py) fails the run once everything else was done."""


class ProjectTranslator(DagsterDbtTranslator):
    """dbt's descriptions without the raw SQL that the default appends, marts grouped by theme, tests that stop no other
    step. Owners are `meta.dagster.owners` of the models, see dbt_project.yml."""

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return (
            dbt_resource_props.get("description")
            or f"The {dbt_resource_props['resource_type']} {dbt_resource_props['name']}."
        )

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Staging, intermediate and seeds as they are; marts by their theme, the folder that they lie in."""
        layer, *themes = dbt_resource_props["fqn"][1:-1] or [f"{dbt_resource_props['resource_type']}s"]
        return themes[0] if layer == "marts" and themes else layer

    def get_asset_check_spec(self, *arguments: Any, **options: Any) -> AssetCheckSpec | None:
        spec = super().get_asset_check_spec(*arguments, **options)
        return spec and spec._replace(blocking=False)


def dbt_cli() -> DbtCliResource:
    """dbt's command line for runs, warm where it can be; constructing it starts nothing."""
    return ProjectDbt(project_dir=dbt_project(), dbt_executable=str(Path(sys.executable).parent / "dbt-warm"))


def define_mart_assets() -> AssetsDefinition:
    """All models and seeds of the project as one group of assets, but those that are made of churn scores."""

    @dbt_assets(
        name="build_models",
        manifest=dbt_project().manifest_path,
        project=dbt_project(),
        exclude=CHURN_MODELS,
        dagster_dbt_translator=ProjectTranslator(),
    )
    def build_models(
        context: AssetExecutionContext, config: BuildConfig, warehouse: WarehouseResource, dbt: DbtCliResource
    ):
        """Build and test the selected models with `dbt build`."""
        try:
            settings = warehouse.settings()
            client = warehouse.connect()
        except WarehouseError as error:
            raise Failure(str(error), allow_retries=False) from error
        rest = "" if config.words() else reason_to_rest(client, context.instance, context.job_name)
        if rest:
            context.log.info(rest)
            return
        is_scheduled = context.job_name in BUILD_JOBS
        os.environ.update(
            settings.as_environment() | tied_to_us() | about_tests(is_scheduled) | about_rebuilds(context.job_name)
        )
        with recorded_build(client, context.job_name) as record, artifacts(settings, context) as target:
            build = DbtBuild(context, client, dbt, target, config.words())
            for number in range(len(build.parts)):
                with turn(context, settings.home, BUILDING):
                    yield from build.part(number)
            record(build.outcome)
            is_judged_later = is_scheduled and "__".join(ANCHOR) in build.yielded
            if build.outcome.faults and not is_judged_later:
                raise Failure("\n".join(build.outcome.faults), allow_retries=False)

    return build_models


class DbtBuild:
    """One build by dbt, part by part."""

    def __init__(
        self,
        context: AssetExecutionContext,
        client: Client,
        dbt: DbtCliResource,
        target: Path,
        asked_words: Sequence[str] = (),
    ) -> None:
        self._context, self._client, self._dbt, self._target = context, client, dbt, target
        self._asked_words = asked_words
        by_output = {spec.metadata[UNIQUE_ID]: spec for spec in context.assets_def.specs}
        self._manifest = next(iter(by_output.values())).metadata[MANIFEST].manifest
        chosen = {name for name, spec in by_output.items() if spec.key in context.selected_asset_keys}
        self.parts = parts_of(self._manifest, context.job_name, chosen)
        self.outcome = Outcome()
        self.yielded: set[str] = set()
        self._built: set[str] = set()
        self._failed: list[str] = []
        self._snapshot = ""

    def part(self, number: int) -> Iterator[Any]:
        """Build the part and look at its data tests; the outcome grows by what came of it."""
        is_scheduled = self._context.job_name in BUILD_JOBS
        target = self._target if len(self.parts) == 1 else self._target / f"part_{number + 1}"
        words = words_for(self.parts, number, self._failed, self._manifest)
        invocation = self._dbt.cli(
            [*build_command(is_scheduled), *self._asked_words, *words],
            context=self._context,
            target_path=target,
            raise_on_error=False,
        )
        for event in invocation.stream():
            self.yielded |= {event.output_name} if isinstance(event, Output) else set()
            yield as_judged(with_facts(self._client, event, invocation.manifest), invocation.manifest)
        account = read_account(target)
        outcome = read_outcome(account, invocation.manifest, self._client)
        error = invocation.get_error()
        if error and not outcome.failed_models:
            outcome = replace(outcome, failed_models=(why_it_failed(error),))
        self._failed += account.failed
        if is_scheduled:
            before = self._built if self._is_undisturbed() else set()
            verdicts = ask_data_tests(self._client, account, invocation.manifest, before)
            verdicts = chosen_only(verdicts, self._context)
            outcome = with_verdicts(outcome, verdicts, invocation.manifest, self._client)
            yield from as_events(verdicts, self._context, invocation.manifest)
        self._built |= account.built
        self.outcome = self.outcome + outcome

    def _is_undisturbed(self) -> bool:
        """Whether no other run has built since our first part: then a test may read tables of several parts.

        Otherwise it would compare tables of two moments, and is left to the next night.
        """
        snapshot = last_snapshot(self._client)
        self._snapshot = self._snapshot or snapshot
        if snapshot != self._snapshot:
            self._context.log.info("Another run has built meanwhile: data tests over several parts are left out.")
        return snapshot == self._snapshot


def about_tests(is_scheduled: bool) -> dict[str, str]:
    """What dbt is told of its data tests: to stop no model for a failed one, and, in a scheduled job, to write down
    what they ask (macros/data_tests) for the queries that follow (data_tests.py)."""
    return {"WAREHOUSE_FAILED_TESTS": "report", "WAREHOUSE_TEST_QUERIES": TEST_QUERIES if is_scheduled else ""}


def about_rebuilds(job: str) -> dict[str, str]:
    """Whether dbt writes down how a sample of each table is rebuilt (checks/rebuilds.py): in jobs of a night."""
    return {"WAREHOUSE_SAMPLED_REBUILDS": SAMPLED_REBUILDS if job in COVERED_BY["nightly"] else ""}


def build_command(is_scheduled: bool) -> list[str]:
    """`dbt build`; of a selection made by hand with its data tests, and without them in a scheduled job.

    Unit tests judge the code, not the data: they run with the other tests of the code. "cautious": a test that also
    reads an unselected model would judge what this run did not build.
    """
    left_out = ["unit_test", "test"] if is_scheduled else ["unit_test"]
    excluded = [word for kind in left_out for word in ("--exclude-resource-type", kind)]
    return ["build", "--indirect-selection", "cautious", *excluded]


def near_real_time_models(assets: AssetsDefinition) -> AssetSelection:
    """The models tagged `near_real_time`, all that they are made from, and the checks on these.

    dbt's own selection would add every test that reads one of them, also those of models that this job does not build.
    """
    specs = {spec.key: spec for spec in assets.specs}
    selected: set[AssetKey] = set()
    waiting = _tagged(assets, "near_real_time")
    while waiting:
        key = waiting.pop()
        selected.add(key)
        waiting += [
            dep.asset_key for dep in specs[key].deps if dep.asset_key in specs and dep.asset_key not in selected
        ]
    return AssetSelection.assets(*sorted(selected, key=str))


def weekly_models(assets: AssetsDefinition) -> AssetSelection:
    """The models tagged `weekly`: what looks back on whole weeks, and changes with them only."""
    return AssetSelection.assets(*sorted(_tagged(assets, "weekly"), key=str))


def _tagged(assets: AssetsDefinition, tag: str) -> list[AssetKey]:
    """By the tags that dbt gave the specs: to ask dbt's selector takes it 0.4 s of each start."""
    return [spec.key for spec in assets.specs if tag in spec.tags]


def as_judged(event: Any, manifest: Mapping[str, Any]) -> Any:
    """The event; a test that guards our SQL and failed is an error, although dbt only reported it and built on."""
    if not isinstance(event, AssetCheckResult) or event.passed:
        return event
    node = manifest["nodes"].get(event.metadata["unique_id"].value, {})
    return event._replace(severity=AssetCheckSeverity.ERROR if is_error(node) else AssetCheckSeverity.WARN)


@contextmanager
def recorded_build(client: Client, job: str) -> Iterator[Callable[[Outcome], None]]:
    """Enter the build into ops.builds with what it was made from, as it was before the build began.

    Gives a function that records the outcome, once; a build that breaks off before is recorded as a failure.
    """
    started_at = datetime.now(UTC)
    fingerprint = build_fingerprint(client)
    is_recorded = False

    def record(outcome: Outcome) -> None:
        nonlocal is_recorded
        is_recorded = True
        if job in BUILD_JOBS:
            record_build(client, job, outcome.status, fingerprint, "\n".join(outcome.faults)[:DETAIL], started_at)
            record_alerts(client, outcome.alerts, 0, look=TESTED)

    try:
        yield record
    except BaseException as error:
        if not is_recorded:
            record(Outcome((why_it_failed(error),)))
        raise


def why_it_failed(error: BaseException) -> str:
    """The models and tests that failed, as dbt names them, or the error itself."""
    text = re.sub(r"\x1b?\[\d+m", "", str(error)).partition("Errors parsed from dbt logs:")
    return (" ".join(text[2].split()) or f"{type(error).__name__}: {text[0].strip()}")[:DETAIL]


@contextmanager
def artifacts(settings: Settings, context: AssetExecutionContext) -> Iterator[Path]:
    """dbt's artifacts of this run, under the home; those of the last run stay for a person to look at."""
    folder = settings.home / "dbt" / context.run_id
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    for other in folder.parent.iterdir():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
