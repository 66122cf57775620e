"""An outage of the lake is not an object's fault.

When ClickHouse cannot read an object, it is asked for the beginning of a few others. One answer, even "no such
object", proves that the lake works and the object is at fault; none at all means that the load must stop, and that no
object is blamed for it.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError

from orchestration.loading.errors import LoadError, safe_message
from orchestration.loading.lake.objects import Drop, is_unsafe
from orchestration.loading.recovery.failures import Cause, cause_of
from orchestration.loading.steps.land import LAND_SETTINGS, lake_source
from orchestration.settings import Settings

PROBES = 6
"""Objects asked for. Of a lake where nine objects of ten fail, half the probes still find one that can be read, and
the next load draws others."""
PROBE_SETTINGS = {
    "max_execution_time": 10,
    "s3_retry_attempts": 1,
    "s3_max_single_read_retries": 1,
    "s3_request_timeout_ms": 3_000,
}
"""A lake that is down costs its probes half a minute at most: the attempt before them was patient enough."""


@contextmanager
def explained_errors(settings: Settings) -> Iterator[None]:
    """Whatever ClickHouse answers to any step becomes one LoadError that says what to do."""
    try:
        yield
    except OperationalError as error:
        raise LoadError(
            f"The connection to ClickHouse broke during a load: {safe_message(error, settings)} "
            "What was committed stays, all else is due again: run the load again."
        ) from error
    except ClickHouseError as error:
        cause = cause_of(error, settings)
        raise LoadError(
            f"ClickHouse stopped the load: {cause.message} What was committed stays, all else is due again."
        ) from error


class LakeDown(LoadError):
    """ClickHouse can read nothing from the lake."""


def stop_if_lake_is_down(
    client: Client, settings: Settings, cause: Cause, failed: Sequence[Drop], others: Sequence[Drop]
) -> None:
    """Raise LakeDown unless some object can be read. `failed` are those of the attempt, `others` are due as well."""
    keys = _sample([drop.key for drop in others]) or _committed_keys(client, settings.lake.bucket)
    if len(failed) > 1:
        keys += _sample([drop.key for drop in failed])
    if any(_answers(client, settings, key) for key in keys if not is_unsafe(key)):
        return
    raise LakeDown(
        f"ClickHouse could not read the lake at {failed[0].key!r}: {cause.message} No object could be read, so the "
        "lake's address or keys are wrong for ClickHouse, or the lake is down: check LAKE_ENDPOINT_URL, LAKE_BUCKET "
        "and AWS_ACCESS_KEY_ID, as seen from the machine that ClickHouse runs on. No object is parked for it; the "
        "next load reads what is due."
    )


def _sample(keys: list[str]) -> list[str]:
    return random.sample(keys, min(PROBES, len(keys)))


def _committed_keys(client: Client, bucket: str) -> list[str]:
    """Some keys that were read once; "no such object" is an answer as well."""
    rows = client.query(
        "select object_key from ops.load_commits where bucket = {bucket:String} order by rand() limit {probes:UInt8}",
        parameters={"bucket": bucket, "probes": PROBES},
    ).result_rows
    return [row[0] for row in rows]


def _answers(client: Client, settings: Settings, key: str) -> bool:
    source, parameters = lake_source(settings.lake, [key])
    try:
        client.query(
            f"select 1 from {source} limit 1",
            parameters=parameters,
            settings=LAND_SETTINGS | PROBE_SETTINGS,
        )
    except DatabaseError as error:
        cause = cause_of(error, settings)
        return not (cause.may_be_an_outage or cause.stops_the_load)
    return True
