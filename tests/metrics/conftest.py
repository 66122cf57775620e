"""The metric macros as functions that give SQL text, and an engine in this process that computes it.

They are rendered with plain Jinja: the macros use nothing of dbt but `var`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import chdb
import numpy as np
import pytest
from jinja2 import Environment, StrictUndefined

MACROS = Path(__file__).resolve().parents[2] / "macros" / "metrics"
VARS = {"minimum_group_size": 10, "minimum_judged_ratio": 0.3333}


class Formula:
    """A macro is an attribute; the methods compute SQL. NULL comes back as None, in arrays as NaN."""

    def __init__(self, engine: chdb.state.sqlitelike.Connection) -> None:
        environment = Environment(undefined=StrictUndefined, autoescape=False)
        environment.globals["var"] = VARS.__getitem__
        sources = "\n".join(path.read_text() for path in sorted(MACROS.glob("*.sql")))
        self.macros, self.engine = environment.from_string(sources).module, engine

    def __getattr__(self, name: str) -> Callable[..., str]:
        return getattr(self.macros, name)

    def query(self, sql: str) -> str:
        return self.engine.query(sql, "TSV").data()

    def text(self, expression: str) -> str:
        return self.query(f"select {expression}").strip()

    def value(self, expression: str) -> float | None:
        text = self.text(expression)
        return None if text == "\\N" else float(text)

    def rows(self, sql: str) -> np.ndarray:
        lines = self.query(sql).splitlines()
        return np.array([[np.nan if v == "\\N" else float(v) for v in line.split("\t")] for line in lines])


@pytest.fixture(scope="session")
def formula() -> Iterator[Formula]:
    connection = chdb.connect(":memory:")
    yield Formula(connection)
    connection.close()
