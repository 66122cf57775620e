"""Many programmes, built a dozen at a time in a throw-away warehouse; what their marts say is kept."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import batched

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.embedded.services import Services
from orchestration.loading import load_pending, prepare_warehouse
from orchestration.resources.lake import connect_lake
from orchestration.resources.warehouse import connect
from orchestration.settings import Settings, load_settings
from orchestration.simulate.truth import Truth
from tests.conftest import DATABASES
from tests.dbt_command import MODELS_ONLY, Dbt
from tests.object_store import s3_client
from tests.passing_judge import judge_by
from tests.truth_recovery.content_measures import content_metrics, stay_metrics, time_metrics
from tests.truth_recovery.measures import item_metrics, retention_metrics, video_metrics
from tests.truth_recovery.programmes import DROPS_PER_PROGRAMME, simulate_programme
from tests.truth_recovery.trials import Metric, Row

FEW_SEEDS, MANY_SEEDS = 12, 200
FEW_LEARNERS, MANY_LEARNERS = 250, 400
# Five weeks: three cohorts, each with a complete week after its first.
DAYS = 35
# One build of 40 programmes (0.8 M statements) went over 1.8 GB, which is what an engine gets on a busy machine.
PROGRAMMES_PER_BUILD = 12
MARTS = (
    "agg_video_drop_off",
    "agg_video_hot_spots",
    "agg_cohort_retention",
    "agg_cohort_survival",
    "agg_unit_strata",
    "agg_content_effectiveness",
    "agg_instructional_gaps",
    "agg_item_analysis",
)


@pytest.fixture(scope="module")
def client(services: Services) -> Iterator[Client]:
    """A client of the session's engine; the database `kept` holds the marts of all builds so far."""
    client = connect(load_settings({"WAREHOUSE_HOME": str(services.home)}))
    client.command("drop database if exists kept")  # left by a test of the same session
    client.command("create database if not exists kept")
    yield client
    client.command("drop database kept")
    client.close()


@pytest.fixture(scope="module")
def truths(request: pytest.FixtureRequest, services: Services, client: Client) -> dict[int, Truth]:
    """The truth of each programme by its seed, a few or as many as asked for, when all of them are built."""
    is_long = "coverage" in request.config.getoption("-m")
    count = request.config.getoption("--seeds") or (MANY_SEEDS if is_long else FEW_SEEDS)
    learners = MANY_LEARNERS if is_long else FEW_LEARNERS
    settings = load_settings({"WAREHOUSE_HOME": str(services.home)})
    truths: dict[int, Truth] = {}
    for number, seeds in enumerate(batched(range(1, count + 1), PROGRAMMES_PER_BUILD)):
        own = replace(settings, lake=replace(settings.lake, bucket=f"programmes-{number}"))
        truths |= _load(client, own, seeds, learners)
        Dbt(own).run("build", *MODELS_ONLY, "--select", *(f"+{name}" for name in MARTS))
        _keep(client)
    return truths


def _load(client: Client, settings: Settings, seeds: tuple[int, ...], learners: int) -> dict[int, Truth]:
    """Simulates these programmes into a warehouse that holds nothing else."""
    for database in DATABASES:
        client.command(f"drop database if exists {database}")
    prepare_warehouse(client, settings)
    s3 = s3_client(settings)
    s3.create_bucket(Bucket=settings.lake.bucket)
    truths = {}
    for seed in seeds:
        programme = simulate_programme(seed, learners, DAYS)
        for key, content in programme.drops.items():
            s3.put_object(Bucket=settings.lake.bucket, Key=key, Body=content)
        truths[seed] = programme.truth
    with pytest.MonkeyPatch.context() as patch:
        judge_by(patch)
        report = load_pending(client, connect_lake(settings), settings)
    assert (report.object_count, report.parked) == (DROPS_PER_PROGRAMME * len(seeds), [])
    return truths


def _keep(client: Client) -> None:
    for mart in MARTS:
        client.command(f"create table if not exists kept.{mart} as marts.{mart}")
        client.command(f"insert into kept.{mart} select * from marts.{mart}")


@pytest.fixture(scope="module")
def metrics(client: Client, truths: dict[int, Truth]) -> dict[str, Metric]:
    """Every metric's trials, by the metric's name."""

    def query(statement: str) -> list[Row]:
        return list(client.query(statement).named_results())

    measures = (video_metrics, retention_metrics, content_metrics, item_metrics, time_metrics, stay_metrics)
    return {metric.name: metric for measure in measures for metric in measure(query, truths)}
