"""Batches of a whole build: each learner in one of them, and every condition of a query moved alike."""

import random
import re
from types import SimpleNamespace

import pytest
from jinja2 import Environment, StrictUndefined

from orchestration.settings import PROJECT_ROOT

SOURCE = PROJECT_ROOT / "macros" / "incremental" / "is_in_batch.sql"
BATCH_LINES = 1_000
MONTHS = {
    "`db`.`events`": [{"month": 202611, "line_count": 2_500}, {"month": 202612, "line_count": 1}],
    "`db`.`none`": [],
}
RANGE = re.compile(r"\(([a-z_.]+) >= '([0-9a-f]*)' and \1 < '([0-9a-g]*)'\)")


class _Returned(Exception):
    pass


def _return(value):
    raise _Returned(value)


@pytest.fixture(scope="module")
def macros():
    environment = Environment(undefined=StrictUndefined, autoescape=False, extensions=["jinja2.ext.do"])
    environment.globals |= {
        "modules": SimpleNamespace(re=re),
        "var": {"build_batch_lines": BATCH_LINES}.__getitem__,
        "return": _return,
        "run_query": lambda sql: SimpleNamespace(rows=MONTHS[re.search(r"from (\S+)", sql).group(1)]),
    }
    return environment.from_string(SOURCE.read_text()).module


def batches(macros, sql: str, line_count: int) -> list[str]:
    with pytest.raises(_Returned) as returned:
        macros.in_batches(sql, line_count)
    return returned.value.args[0]


@pytest.mark.parametrize("line_count", [0, 1, 1_000, 1_001, 2_500, 7_000, 255_001, 10_000_000])
def test_each_learner_is_in_one_batch(macros, line_count: int):
    queries = batches(macros, f"select 1 where {macros.is_in_batch('learner_id')}", line_count)
    assert len(queries) == min(max(1, -(-line_count // BATCH_LINES)), 256)
    ranges = [RANGE.search(query).group(2, 3) for query in queries]
    draws = random.Random(1)
    learners = ["", "0" * 32, "f" * 32, *(f"{draws.getrandbits(128):032x}" for _ in range(500))]
    learners += [low for low, _ in ranges] + [low + "0" * 28 for low, _ in ranges]
    for learner in learners:
        assert sum(low <= learner < high for low, high in ranges) == 1, learner


def test_all_conditions_of_a_query_name_the_same_learners(macros):
    sql = f"a where {macros.is_in_batch('learner_id')} b where {macros.is_in_batch('events.learner_id')}"
    for query in batches(macros, sql, 3_000):
        ranges = RANGE.findall(query)
        assert [column for column, _, _ in ranges] == ["learner_id", "events.learner_id"]
        assert len({bounds for _, *pair in ranges for bounds in [tuple(pair)]}) == 1


def test_a_model_that_keeps_little_takes_several_batches_at_a_time(macros):
    sql = f"select 1 where {macros.is_in_batch('learner_id', 3)}"
    assert len(batches(macros, sql, 7_000)) == 3


def test_each_month_has_batches_of_its_own(macros):
    condition = f"{macros.is_in_batch('learner_id')} and {macros.is_in_month_of('`db`.`events`')}"
    queries = batches(macros, f"a where {condition} b where {condition}", 10_000_000)
    months = [re.findall(r"toYYYYMM\(occurred_at\) = ([0-9]+)", query) for query in queries]
    assert months == [["202611"] * 2] * 3 + [["202612"] * 2]
    assert len({RANGE.search(query).group(2, 3) for query in queries[:3]}) == 3
    assert RANGE.search(queries[3]).group(2, 3) == ("", "g")


def test_a_history_without_months_is_built_at_once(macros):
    sql = f"a where {macros.is_in_batch('learner_id')} and {macros.is_in_month_of('`db`.`none`')}"
    assert len(batches(macros, sql, 0)) == 1


def test_a_model_that_does_not_ask_is_built_at_once(macros):
    assert batches(macros, "select 1", 10_000_000) == ["select 1"]
