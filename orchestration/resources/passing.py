"""Which errors may be gone in a minute: there another try helps. Everywhere else it only costs time."""

import re
from collections.abc import Iterator

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from clickhouse_connect.driver.exceptions import Error as ClickHouseConnectError
from clickhouse_connect.driver.exceptions import OperationalError
from urllib3.exceptions import HTTPError

THROTTLED = {
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "InternalError",
    "500",
    "503",
}
"""Codes of S3: too much at once, or a fault of the store itself."""
BUSY = {202, 209, 210, 279, 319, 425, 499, 999}
"""Codes of ClickHouse: too many queries, sockets and networks, an insert without an answer, S3 behind it, Keeper."""
CONNECTIONS = (OperationalError, BotoConnectionError, HTTPClientError, HTTPError, ConnectionError, TimeoutError)
_CODE = re.compile(r"code:\s*(\d+)", re.IGNORECASE)


def may_pass(error: BaseException) -> bool:
    """Whether the error, or one that it comes from, is of a connection or of a service that has too much to do."""
    return any(_is_passing(cause) for cause in _chain(error))


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "") in THROTTLED
    if isinstance(error, ClickHouseConnectError) and (code := _CODE.search(str(error))):
        return int(code[1]) in BUSY
    return isinstance(error, CONNECTIONS)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
