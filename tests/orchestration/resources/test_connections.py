"""Lake and queue as Dagster's resources: the environment leads, and one run may be led elsewhere."""

from pathlib import Path
from typing import Any

import pytest
from dagster import Definitions, SkipReason, asset, build_sensor_context, define_asset_job, sensor
from dagster_aws.s3 import S3Resource

from orchestration.resources.connections import LakeResource, QueueResource, define_lake, define_queue
from orchestration.settings import Settings, load_settings
from tests.orchestration.resources.conftest import TestQueue

SERVER = {
    "WAREHOUSE_TARGET": "server",
    "CLICKHOUSE_HOST": "h",
    "CLICKHOUSE_PORT": "8443",
    "CLICKHOUSE_USER": "u",
    "CLICKHOUSE_PASSWORD": "p",
    "LEARNER_ID_KEY": "k",
    "LAKE_BUCKET": "drops",
    "LAKE_ENDPOINT_URL": "https://s3.example.org",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (SERVER | {"WAREHOUSE_HOME": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)


def run_with(config: dict[str, Any]) -> tuple[Settings, str]:
    """The settings and the client's address that an asset sees when its run has this config for the lake."""
    seen = []

    @asset
    def look(lake: LakeResource) -> None:
        seen.append((lake.override(load_settings()), lake.get_client().meta.endpoint_url))

    definitions = Definitions([look], resources={"lake": define_lake()}, jobs=[define_asset_job("job", "*")])
    job = definitions.resolve_job_def("job")
    assert job.execute_in_process(run_config={"resources": {"lake": {"config": config}}} if config else {}).success
    return seen[0]


@pytest.mark.usefixtures("server")
def test_without_config_a_run_reads_the_lake_of_the_environment() -> None:
    settings, address = run_with({})
    assert settings == load_settings()
    assert address == "https://s3.example.org"


@pytest.mark.usefixtures("server")
def test_a_run_may_be_led_to_another_bucket() -> None:
    settings, address = run_with({"bucket": "archive"})
    assert settings.lake.bucket == "archive"
    assert (settings.lake.region, settings.lake.access_key_id, address) == (
        "eu-central-1",
        "id",
        "https://s3.example.org",
    )


@pytest.mark.usefixtures("server")
def test_keys_of_the_config_are_not_mixed_with_those_of_the_environment() -> None:
    settings, _ = run_with({"aws_access_key_id": "other", "aws_secret_access_key": "s", "endpoint_url": "http://o:1"})
    lake = settings.lake
    assert (lake.access_key_id, lake.secret_access_key, lake.session_token) == ("other", "s", "")
    assert lake.endpoint_url == "http://o:1"


@pytest.mark.usefixtures("server")
def test_the_ui_sees_names_of_variables_and_no_secret() -> None:
    config = str(define_lake()._config_schema.default_value)
    assert "LAKE_BUCKET" in config
    assert "AWS_REGION" in config
    assert "secret" not in config.replace("aws_secret_access_key", "")


def test_the_lake_is_a_resource_of_dagster_aws_and_asks_nothing_before_it_is_used(empty_home: Path) -> None:
    """No services run: a tick must come to say so itself."""
    lake = define_lake({"WAREHOUSE_HOME": str(empty_home)})
    assert isinstance(lake, S3Resource)

    @sensor(name="looks", job_name="job")
    def looks(context, lake: LakeResource, queue: QueueResource):
        return SkipReason("nothing was asked")

    answer = looks(build_sensor_context(resources={"lake": lake, "queue": define_queue({})}))
    assert answer == SkipReason("nothing was asked")


def test_the_lake_reads_what_lies_there(settings: Settings, monkeypatch: pytest.MonkeyPatch, put) -> None:
    put("events/app/2026/a.ndjson", b"{}\n")
    monkeypatch.setenv("WAREHOUSE_HOME", str(settings.home))
    lake = LakeResource(bucket=settings.lake.bucket)
    assert [entry.key for entry in lake.connect().list_objects("events/")] == ["events/app/2026/a.ndjson"]
    assert lake.get_client().list_buckets()["Buckets"]


def test_the_queue_is_the_configs_or_the_environments_or_none(
    queue: TestQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(queue.settings.home))
    assert QueueResource().connect() is None
    named = QueueResource(queue_url=queue.url).connect()
    assert named is not None
    assert named.take_prefixes(pytest.fail) == []
