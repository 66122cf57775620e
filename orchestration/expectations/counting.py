"""What is at fault, counted by ClickHouse: Great Expectations, whose import takes 4 CPU seconds, is asked only then.

The columns are those of its suites (`limits`), so that there is one definition of each expectation; it stays the judge
of every load and every mart in which anything is at fault, or could not be counted.
"""

from collections.abc import Iterable

from clickhouse_connect.driver.client import Client

from orchestration.expectations.facts import facts_query
from orchestration.expectations.limits import Limit, limits
from orchestration.expectations.verdict import LoadVerdict
from orchestration.settings import ClickHouse


class SparingJudge:
    """Great Expectations, spared the loads of which nothing is to be said."""

    def __init__(self, client: Client, engine: ClickHouse) -> None:
        self._client, self._engine = client, engine
        self._judge = None

    def judge(self, load_id: str, kind: str, object_count: int) -> LoadVerdict:
        """As `LoadJudge.judge` says; a load without a fault has no result, and no page."""
        if count_rows(self._client, facts_query(load_id, kind), limits(kind)) == (object_count, 0):
            return LoadVerdict()
        from orchestration.expectations.judge import LoadJudge

        self._judge = self._judge or LoadJudge(self._engine)
        return self._judge.judge(load_id, kind, object_count)


def count_rows(client: Client, query: str, some: Iterable[Limit]) -> tuple[int, int]:
    """The rows of the query, and those that are over any of the limits."""
    is_over = " or ".join(f"{column} > 0" for limit in some for column, _ in limit.expected_zero)
    [row] = client.query(f"select count(), countIf({is_over or 'false'}) from ({query})").result_rows
    return tuple(row)
