"""Dagster's resources. Settings are read when a run or a tick needs them, so that importing the definitions opens no
connection, and so that a restarted service is found at its new port.

Lake and queue are resources of dagster-aws: Dagster's UI shows where they lead, and the launchpad may lead one run
elsewhere. What a resource does not say comes from the settings.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clickhouse_connect.driver.client import Client
from dagster import ConfigurableResource, EnvVar
from dagster_aws.s3.resources import S3Resource
from dagster_aws.utils import ResourceWithBoto3Configuration
from pydantic import Field

from orchestration.aws_clients import AwsSession
from orchestration.resources import lake, queue
from orchestration.resources.lake import S3Lake, connect_lake, lake_client
from orchestration.resources.queue import DropQueue, connect_queue, queue_client
from orchestration.resources.warehouse import connect
from orchestration.settings import LakeSettings, Settings, load_settings, warehouse_target

_LAKE_VARIABLES = {"bucket": "LAKE_BUCKET", "endpoint_url": "LAKE_ENDPOINT_URL", "region_name": "AWS_REGION"}
_QUEUE_VARIABLES = {"queue_url": "LAKE_QUEUE_URL", "region_name": "AWS_REGION"}


# Docstrings of resources are what the launchpad says of them.
class WarehouseResource(ConfigurableResource):
    """ClickHouse: the engine that keeps raw lines, ledger and marts. It has no config: dbt, which is a program of its
    own, must work on the same engine, and finds it in the environment."""

    def settings(self) -> Settings:
        return load_settings()

    def connect(self) -> Client:
        return connect(self.settings())


class LakeResource(S3Resource):
    """The bucket that drops arrive in. What is left out comes from the settings (LAKE_…, AWS_…)."""

    # The client is ours and not that of dagster-aws, which takes no timeouts, and asks for checksums that S3 servers
    # other than AWS may not know.

    bucket: str | None = Field(default=None, description="The bucket of drops; LAKE_BUCKET when it is left out.")
    max_attempts: int = Field(default=lake.MAX_ATTEMPTS, description="How often a request is tried in all.")

    def override(self, settings: Settings) -> Settings:
        """The settings with what this resource says: the engine reads the same bucket with the same keys."""
        said = _said(self, settings.lake, bucket=self.bucket, endpoint_url=self.endpoint_url)
        return replace(settings, lake=said)

    def get_client(self) -> Any:
        """boto3's client of S3; no connection is opened yet."""
        return lake_client(self.override(load_settings()).lake, self.max_attempts, _session(self))

    def get_object_to_set_on_execution_context(self) -> Any:
        """Itself. A client needs the settings, and a tick without services shall say so, not fail before it begins."""
        return self

    def connect(self) -> S3Lake:
        settings = self.override(load_settings())
        return connect_lake(settings, lake_client(settings.lake, self.max_attempts, _session(self)))


class QueueResource(ResourceWithBoto3Configuration):
    """The queue of the bucket's notifications, a hint where new drops lie. What is left out comes from the settings."""

    queue_url: str | None = Field(default=None, description="URL of the SQS queue; LAKE_QUEUE_URL when it is left out.")
    max_attempts: int = Field(default=queue.MAX_ATTEMPTS, description="How often a request is tried in all.")

    def connect(self) -> DropQueue | None:
        """The queue; None when neither the config nor the settings name one."""
        settings = load_settings()
        settings = replace(settings, lake=_said(self, settings.lake, queue_url=self.queue_url))
        if not settings.lake.queue_url:
            return None
        client = queue_client(settings.lake, self.max_attempts, _session(self), self.endpoint_url or "")
        return connect_queue(settings, client)


def define_lake(env: Mapping[str, str] = os.environ) -> LakeResource:
    """The lake with the variables that lead to it, by name."""
    return LakeResource(**_by_name(_LAKE_VARIABLES, env))


def define_queue(env: Mapping[str, str] = os.environ) -> QueueResource:
    """The queue with the variables that lead to it, by name."""
    return QueueResource(**_by_name(_QUEUE_VARIABLES, env))


def _by_name(variables: Mapping[str, str], env: Mapping[str, str]) -> dict[str, EnvVar]:
    """On `local` the services choose addresses of their own at each start, and no variable counts."""
    if warehouse_target(env) == "local":
        return {}
    return {field: EnvVar(name) for field, name in variables.items() if env.get(name)}


def _said(resource: S3Resource | QueueResource, settings: LakeSettings, **values: str | None) -> LakeSettings:
    """Keys go together: the id of one pair with the secret of another opens nothing."""
    changes = {name: value for name, value in values.items() if value}
    if resource.region_name:
        changes["region"] = resource.region_name
    if resource.profile_name:
        changes |= {"access_key_id": "", "secret_access_key": "", "session_token": ""}
    if resource.aws_access_key_id:
        changes |= {
            "access_key_id": resource.aws_access_key_id,
            "secret_access_key": resource.aws_secret_access_key or "",
            "session_token": resource.aws_session_token or "",
        }
    return replace(settings, **changes)


def _session(resource: S3Resource | QueueResource) -> AwsSession:
    return AwsSession(
        profile_name=resource.profile_name,
        use_ssl=resource.use_ssl,
        verify=resource.verify,
        is_unsigned=getattr(resource, "use_unsigned_session", False),
    )
