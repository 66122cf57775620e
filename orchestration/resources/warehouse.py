"""The connection to ClickHouse: one way to open it, and one sentence for each way it can fail."""

from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from orchestration.loading.errors import WarehouseError, without_secrets
from orchestration.loading.steps.land import MAX_LAND_SECONDS
from orchestration.settings import Settings

SAFE_READS = {"use_query_condition_cache": 0}
"""ClickHouse 26.9 (fixed by its pull request 119823): a join whose runtime filter moved into PREWHERE makes the query
condition cache claim that an unrelated condition matches nothing, and later queries silently lose rows."""

ON_REPLICAS = {"insert_quorum": "auto"}
"""Rows count when most replicas have them: a commit that was acknowledged outlives the replica that took it."""


class WarehouseUnavailable(WarehouseError):
    """ClickHouse cannot be reached, or does not let us in."""


def connect(settings: Settings, **options: Any) -> Client:
    """A client for the engine of these settings; `options` go to clickhouse_connect as they are.

    Parameters of a query are sent in the body: in the address they would stand in the server's logs.
    No session is opened, so that one client may run several queries at once.
    """
    engine = settings.clickhouse
    arguments: dict[str, Any] = {
        "host": engine.host,
        "port": engine.port,
        "username": engine.user,
        "password": engine.password,
        "secure": engine.secure,
        "connect_timeout": 10,
        "send_receive_timeout": MAX_LAND_SECONDS + 100,
        "autogenerate_session_id": False,
        "form_encode_query_params": True,
        "client_name": "learning-analytics-warehouse",
        "settings": SAFE_READS | (ON_REPLICAS if settings.target == "cluster" else {}),
        # Without it a moment comes back without its zone, and cannot be compared with one that has it.
        "tz_mode": "aware",
    }
    try:
        return clickhouse_connect.get_client(**(arguments | options))
    except (ClickHouseError, OSError) as error:
        raise WarehouseUnavailable(_explain(error, settings)) from error


def _explain(error: Exception, settings: Settings) -> str:
    """What went wrong, where, and what to do, in one sentence or two."""
    engine = settings.clickhouse
    text = without_secrets(" ".join(str(error).split()), [engine.password])
    lowered = text.lower()
    if "authentication" in lowered or "code: 516" in lowered or "code: 194" in lowered or "code: 193" in lowered:
        return (
            f"ClickHouse at {engine.url} refused user '{engine.user}': wrong password or unknown user. "
            f"{_check(settings, 'CLICKHOUSE_USER and CLICKHOUSE_PASSWORD')}"
        )
    if any(sign in lowered for sign in ("name or service not known", "nodename nor servname", "failed to resolve")):
        return f"The ClickHouse host '{engine.host}' is unknown. {_check(settings, 'CLICKHOUSE_HOST')}"
    if any(sign in lowered for sign in ("connection refused", "failed to establish", "errno 111", "errno 61")):
        return f"No ClickHouse answers at {engine.url}. {_start(settings)}"
    if "timed out" in lowered or "timeout" in lowered:
        return f"ClickHouse at {engine.url} does not answer within 10 seconds. {_start(settings)}"
    if "ssl" in lowered or "certificate" in lowered:
        return (
            f"ClickHouse at {engine.url} did not agree on a secure connection: {text[:200]} "
            f"{_check(settings, 'CLICKHOUSE_SECURE and CLICKHOUSE_PORT')}"
        )
    return f"ClickHouse at {engine.url} cannot be used: {text[:300]}"


def _check(settings: Settings, names: str) -> str:
    if settings.target == "local":
        return f"The recorded services in {settings.home} are stale: start them again with 'uv run warehouse up'."
    return f"Check {names} in the environment."


def _start(settings: Settings) -> str:
    if settings.target == "local":
        return "The local engine is not running: start it with 'uv run warehouse up'."
    return "Start it, or check CLICKHOUSE_HOST and CLICKHOUSE_PORT in the environment."
