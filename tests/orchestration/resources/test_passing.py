"""Another try where it helps, and nowhere else."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from clickhouse_connect.driver.exceptions import DatabaseError

from orchestration.loading import WarehouseError
from orchestration.resources.lake import LakeUnavailable, S3Lake
from orchestration.resources.passing import may_pass
from orchestration.resources.warehouse import WarehouseUnavailable, connect


def from_(cause: Exception) -> WarehouseError:
    error = WarehouseError("in our words")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        from_(EndpointConnectionError(endpoint_url="http://lake")),
        from_(ClientError({"Error": {"Code": "SlowDown"}}, "GetObject")),
        DatabaseError("Code: 202. DB::Exception: Too many simultaneous queries"),
        ConnectionResetError(),
        TimeoutError(),
    ],
)
def test_these_may_pass(error: Exception) -> None:
    assert may_pass(error)


@pytest.mark.parametrize(
    "error",
    [
        from_(ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")),
        from_(NoCredentialsError()),
        DatabaseError("Code: 241. DB::Exception: Memory limit exceeded"),
        DatabaseError("Code: 27. DB::Exception: Cannot parse input"),
        WarehouseError("the prefix is not watched"),
        KeyError("a fault of ours"),
    ],
)
def test_these_stay(error: Exception) -> None:
    assert not may_pass(error)


def test_services_that_do_not_answer_may_pass_and_wrong_keys_stay(settings) -> None:
    with pytest.raises(WarehouseUnavailable) as engine:
        connect(replace(settings, clickhouse=replace(settings.clickhouse, port=1)))
    assert may_pass(engine.value)
    with pytest.raises(WarehouseUnavailable) as wrong:
        connect(replace(settings, clickhouse=replace(settings.clickhouse, password="wrong")))
    assert not may_pass(wrong.value)
    with pytest.raises(LakeUnavailable) as lake:
        list(S3Lake(replace(settings.lake, endpoint_url="http://127.0.0.1:1")).list_objects("events/"))
    assert may_pass(lake.value)
