"""The numbers of a brief: named queries on marts, and nothing else."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

QUERIES = Path(__file__).parent / "queries"
READ_ONLY = {"readonly": 2}
ALL = "all"
_MART = re.compile(r"\bmarts\.(\w+)")
_MISSING = re.compile(r"Code: (?:60|81)\b")
"""ClickHouse: unknown table, unknown database."""

Row = dict[str, Any]


class NotBuilt(Exception):
    """A mart that a query reads is not there yet; the message names the query's marts."""


class Marts:
    """Answers to the named queries, for one course (its id, or `all`) and one week (its Monday)."""

    def __init__(self, client: Client, **parameters: Any) -> None:
        self._client = client
        self._parameters = parameters

    def rows(self, name: str, **more: Any) -> list[Row]:
        """The rows of a query by column name; raises NotBuilt where one of its marts does not exist."""
        try:
            answer = self._client.query(query_text(name), parameters=self._parameters | more, settings=READ_ONLY)
        except DatabaseError as error:
            if _MISSING.search(str(error)):
                raise NotBuilt(", ".join(f"marts.{mart}" for mart in marts_of(name))) from error
            raise
        return list(answer.named_results())

    def row(self, name: str) -> Row:
        """The first row, empty without one."""
        return next(iter(self.rows(name)), {})


@cache
def query_text(name: str) -> str:
    return (QUERIES / f"{name}.sql").read_text()


def marts_of(name: str) -> list[str]:
    return sorted(set(_MART.findall(query_text(name))))


def all_marts() -> list[str]:
    """Every mart that a brief reads: what has to be built before it."""
    return sorted({mart for path in QUERIES.glob("*.sql") for mart in marts_of(path.stem)})
