"""The marts in figures: rows of each table, sum and average of each numeric column, to tell what a replay changed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

MARTS = "marts"
SAME_WITHIN = 1e-9
"""Relative difference that the order of a float's summands makes."""

Figures = Mapping[tuple[str, str], float]
"""(table, measure) → value; measures are `rows`, `sum of <column>` and `average of <column>`."""


@dataclass(frozen=True)
class Change:
    """A figure that differs; None where the table or column was not there."""

    table: str
    measure: str
    before: float | None
    after: float | None

    @property
    def relative(self) -> float:
        if self.before is None or self.after is None or not self.before:
            return math.inf
        return abs(self.after - self.before) / abs(self.before)


def mart_figures(client: Client) -> Figures:
    """The figures now; empty before the first build."""
    figures: dict[tuple[str, str], float] = {}
    for table, columns in _numeric_columns(client).items():
        measures = {"rows": "count()"}
        for column in columns:
            # NULL where there is nothing to add up; a ratio of nothing may be inf or nan, which is no figure.
            value = f"if(isFinite(toFloat64(`{column}`)), toFloat64(`{column}`), null)"
            measures |= {f"sum of {column}": f"sum({value})", f"average of {column}": f"avg({value})"}
        selected = ", ".join(f"{expression} as `{measure}`" for measure, expression in measures.items())
        row = client.query(f"select {selected} from `{MARTS}`.`{table}`").first_item or {}
        figures |= {(table, measure): float(value) for measure, value in row.items() if value is not None}
    return figures


def changes(before: Figures, after: Figures) -> list[Change]:
    """The figures that differ, counts of rows first, then the largest relative differences."""
    differing = [
        Change(*figure, before.get(figure), after.get(figure))
        for figure in sorted(before.keys() | after.keys())
        if not _is_same(before.get(figure), after.get(figure))
    ]
    return sorted(differing, key=lambda change: (change.measure != "rows", -change.relative))


def _is_same(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is after
    return math.isclose(before, after, rel_tol=SAME_WITHIN, abs_tol=SAME_WITHIN)


def _numeric_columns(client: Client) -> dict[str, list[str]]:
    """Each mart → its numeric columns; tables that a build is still filling are none."""
    rows = client.query(
        """
        select table, groupArrayIf(name, match(type, '^(Nullable\\\\(|LowCardinality\\\\()*(U?Int|Float|Decimal)'))
        from system.columns
        where database = {database:String} and position(table, '__dbt') = 0 and not startsWith(table, '.')
        group by table
        order by table
        """,
        parameters={"database": MARTS},
    ).result_rows
    return {table: list(columns) for table, columns in rows}
