"""What the data tests of a build ask of the engine, as dbt wrote it down at the end of its run."""

from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

TEST_QUERIES = "ops.test_queries"
"""The table that dbt writes to, and this module reads."""


@dataclass(frozen=True)
class DataTest:
    """One data test: how to count its rows at fault, and how to see them."""

    test: str
    """The unique id in dbt."""
    relation: str
    """What `fault_count` aggregates; empty where it is a query of its own."""
    fault_count: str
    faulty_rows: str


def asked_tests(client: Client, invocation_id: str) -> list[DataTest]:
    """What the tests of one run of dbt ask, by relation."""
    rows = client.query(
        f"select test, relation, fault_count, faulty_rows from {TEST_QUERIES} "
        "where invocation_id = {invocation_id:String} order by relation, test limit 1 by test",
        parameters={"invocation_id": invocation_id},
    ).result_rows
    return [DataTest(*row) for row in rows]
