"""Dagster's resources: thin, without a setting of their own. Settings are read when a run or a tick needs them, so
that importing the definitions speaks to nobody, and so that a restarted service is found at its new port.
"""

from clickhouse_connect.driver.client import Client
from dagster import ConfigurableResource

from orchestration.resources.lake import S3Lake, connect_lake
from orchestration.resources.warehouse import connect
from orchestration.settings import Settings, load_settings


class WarehouseResource(ConfigurableResource):
    """ClickHouse: the engine that keeps raw lines, ledger and marts."""

    def settings(self) -> Settings:
        return load_settings()

    def connect(self) -> Client:
        return connect(self.settings())


class LakeResource(ConfigurableResource):
    """The bucket that drops arrive in."""

    def connect(self) -> S3Lake:
        return connect_lake(load_settings())
