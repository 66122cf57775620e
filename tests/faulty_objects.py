"""The objects of a load that have a fault, as ClickHouse counts them before Great Expectations is asked."""

from collections.abc import Iterable

from clickhouse_connect.driver.client import Client

from orchestration.expectations.counting import count_rows
from orchestration.expectations.facts import facts_query
from orchestration.expectations.limits import limits


def objects_at_fault(client: Client, load_id: str, object_ids: Iterable[str], kind: str = "events") -> set[str]:
    """Each object by itself: the count of a whole load would hide one object behind another."""
    at_fault = set()
    for object_id in object_ids:
        query = f"select * from ({facts_query(load_id, kind)}) where object_id = '{object_id}'"
        row_count, fault_count = count_rows(client, query, limits(kind))
        assert row_count == 1, object_id
        at_fault |= {object_id} if fault_count else set()
    return at_fault
