"""Compose file, Dagster's configuration and Helm values: names that our settings know, and one and the same Dagster."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import DagsterInstance, DagsterRunStatus, job, op
from dagster_aws.s3 import S3ComputeLogManager

from orchestration.command_lines import defaults
from orchestration.realtime.embedded import database, remove_data
from orchestration.settings import load_settings, ui_hosts
from tests.orchestration.deployment.conftest import DEPLOYMENT

OF_OTHERS = {
    # dagster.yaml, and the SDK of AWS
    "DAGSTER_POSTGRES_HOST",
    "DAGSTER_POSTGRES_DB",
    "DAGSTER_POSTGRES_USER",
    "DAGSTER_POSTGRES_PASSWORD",
    "DAGSTER_LOGS_BUCKET",
    "AWS_ENDPOINT_URL_S3",
}
VARIABLE = re.compile(r"\$\{(\w+)(?::\?|:-)?[^}]*\}")


class Watched(Mapping[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values_, self.asked = values, set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


@pytest.fixture
def environment(compose: dict[str, Any], tmp_path: Path) -> dict[str, str]:
    """Of the container `code`, with the example's variables filled and the secrets in files."""
    filled = {name: f"of-{name.lower()}" for name in example_names()} | {"WAREHOUSE_UI_HOSTS": "w.example.org"}
    filled["LAKE_QUEUE_URL"] = "https://sqs.example.org/1/drops"
    values = {}
    for name, value in compose["services"]["code"]["environment"].items():
        values[name] = VARIABLE.sub(lambda match: filled[match[1]], value)
        if value.startswith("/run/secrets/"):
            path = tmp_path / Path(value).name
            path.write_text(f"secret {path.name}\n")
            values[name] = str(path)
    return values


def example_names() -> set[str]:
    return set(re.findall(r"^(\w+)=", (DEPLOYMENT / "example.env").read_text(), re.MULTILINE))


def test_the_example_names_what_the_compose_file_asks_for() -> None:
    text = (DEPLOYMENT / "compose.yaml").read_text().replace("$${", "{")
    assert set(VARIABLE.findall(text)) == example_names()


def test_every_variable_of_a_container_is_a_setting(environment: dict[str, str]) -> None:
    watched = Watched(environment)
    settings = load_settings(watched)
    ui_hosts(watched)
    assert set(environment) - watched.asked == OF_OTHERS
    assert settings.clickhouse.password == "secret clickhouse_password"
    assert settings.learner_id_key == "secret learner_id_key"
    assert (settings.lake.bucket, settings.lake.access_key_id) == ("of-lake_bucket", "of-aws_access_key_id")
    assert defaults(environment)["CLICKHOUSE_PASSWORD"] == "secret clickhouse_password"


def test_containers_find_each_other(compose: dict[str, Any], environment: dict[str, str]) -> None:
    services = compose["services"]
    workspace = yaml.safe_load((DEPLOYMENT / "workspace.yaml").read_text())["load_from"][0]["grpc_server"]
    assert workspace["host"] in services
    assert f"{workspace['host']}:{workspace['port']}" in services["webserver"]["command"]
    assert environment["CLICKHOUSE_HOST"] in services
    assert environment["DAGSTER_POSTGRES_HOST"] in services
    assert all(name in services for service in services.values() for name in service.get("depends_on", ()))
    named = {volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert named == set(compose["volumes"])
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_chart_gets_the_same_dagster(dagster_yaml: dict[str, Any], helm: dict[str, Any]) -> None:
    daemon = helm["dagsterDaemon"]
    queue = daemon["runCoordinator"]["config"]["queuedRunCoordinator"]
    assert queue["maxConcurrentRuns"] == dagster_yaml["concurrency"]["runs"]["max_concurrent_runs"]
    for section, values in (("run_monitoring", daemon["runMonitoring"]), ("run_retries", daemon["runRetries"])):
        assert {snake(name): value for name, value in values.items()} == dagster_yaml[section]
    for kind in ("schedule", "sensor"):
        assert helm["retention"][kind]["purgeAfterDays"] == dagster_yaml["retention"][kind]["purge_after_days"]
    logs = {snake(name): value for name, value in helm["computeLogManager"]["config"]["s3ComputeLogManager"].items()}
    assert logs | {"bucket": 0} == dagster_yaml["compute_logs"]["config"] | {"bucket": 0}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


@op
def one() -> int:
    return 1


@job
def counted() -> None:
    one()


@pytest.mark.team
def test_dagster_keeps_its_runs_in_postgres(
    dagster_yaml: dict[str, Any], environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file as it is; only the way to the database is a socket, which no host name can say."""
    for name in OF_OTHERS:
        monkeypatch.setenv(name, environment[name])
    monkeypatch.setenv("DAGSTER_POSTGRES_DB", "postgres")
    monkeypatch.setenv("DAGSTER_POSTGRES_USER", "postgres")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    try:
        with database(tmp_path) as url:
            folder = re.search(r"host=([^&]+)", url)[1]
            dagster_yaml["storage"]["postgres"]["postgres_db"]["params"] = {"host": folder}
            (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(dagster_yaml))
            with DagsterInstance.from_config(str(tmp_path)) as instance:
                assert isinstance(instance.compute_log_manager, S3ComputeLogManager)
                assert instance.run_monitoring_enabled
                assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1
                run = instance.create_run_for_job(counted)
                instance.report_run_failed(run, "tried")
            with DagsterInstance.from_config(str(tmp_path)) as instance:
                assert instance.get_run_by_id(run.run_id).status == DagsterRunStatus.FAILURE
    finally:
        remove_data(tmp_path)
