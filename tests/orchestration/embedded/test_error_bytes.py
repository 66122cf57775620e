"""An error of the engine that quotes bytes which are no UTF-8 reaches the client as that error."""

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError


def test_a_message_with_other_bytes_is_the_engines_error(warehouse: Client) -> None:
    with pytest.raises(DatabaseError, match="Cannot parse string"):
        warehouse.query("select cast(unhex('C328FF41') as UInt8)")
