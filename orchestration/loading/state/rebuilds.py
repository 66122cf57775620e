"""Samples of units that are built afresh beside their tables, as dbt wrote them down at the end of a scheduled build.

An incremental table and a rebuild of it must be equal. Only a rebuild can tell, and one of everything would take as
long as the first build did. So each night some units of each table are built by the SQL of the whole table, and
compared.
"""

import time
from dataclasses import dataclass
from datetime import datetime

from clickhouse_connect.driver.client import Client

SAMPLED_REBUILDS = "ops.sampled_rebuilds"
"""The table that dbt writes to, and this module reads."""
SAMPLE = "{sample}"


@dataclass(frozen=True)
class SampledRebuild:
    """How to make a sample of one table."""

    model: str
    """The unique id in dbt."""
    relation: str
    unit: str
    sample: str
    statements: list[str]
    differences: str


@dataclass(frozen=True)
class Comparison:
    """What a sample of a table came to."""

    model: str
    relation: str
    unit: str
    condition: str
    """Which units it was, as SQL over the table: who doubts the result can look at them."""
    unit_count: int
    row_count: int
    """Rows of the table in the sample."""
    differing_count: int
    """Units whose rows differ."""
    differing_units: list[str]
    """The worst of them: keys and pseudonyms, no values."""
    live_rows: int
    """Rows of the table that the rebuild has not."""
    rebuilt_rows: int
    seconds: float

    @property
    def is_equal(self) -> bool:
        return self.differing_count == 0


def sampled_rebuilds(client: Client, since: datetime) -> list[SampledRebuild]:
    """Those of the latest build since then; empty when none wrote any."""
    rows = client.query(
        f"select model, relation, unit, sample, statements, differences from {SAMPLED_REBUILDS} "
        "where invocation_id = (select argMax(invocation_id, written_at) from ops.sampled_rebuilds) "
        "and written_at >= {since:DateTime64(3)} order by model limit 1 by model",
        parameters={"since": since},
    ).result_rows
    return [SampledRebuild(*row) for row in rows]


def compare(client: Client, rebuild: SampledRebuild) -> Comparison:
    """Build the sample beside the table and compare. The caller sees to it that no build is at work meanwhile."""
    started = time.monotonic()
    condition = client.query(rebuild.sample).result_rows[0][0]
    remove, *others = rebuild.statements
    try:
        for statement in (remove, *others):
            client.command(statement.replace(SAMPLE, condition))
        units, rows, differing, names, live, rebuilt = client.query(
            rebuild.differences.replace(SAMPLE, condition)
        ).result_rows[0]
    finally:
        client.command(remove)
    seconds = round(time.monotonic() - started, 2)
    where = (rebuild.model, rebuild.relation.replace("`", ""), rebuild.unit, condition)
    return Comparison(*where, int(units), int(rows), int(differing), list(names), int(live), int(rebuilt), seconds)
