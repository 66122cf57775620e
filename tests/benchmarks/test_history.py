"""The made-up ledger is one that loading could have left: otherwise what is measured over it means nothing."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from tests.benchmarks.history import Histories

SIZE = 4_000
OVERWRITTEN, LOST = 80, 2


@pytest.fixture(scope="module")
def histories(warehouse: Client) -> Iterator[Histories]:
    made = Histories(warehouse, "somewhere")
    made.keep(0)
    made.keep(SIZE)
    yield made
    for size in (0, SIZE):
        warehouse.command(f"drop database bench_ledger_{size}")


def count(warehouse: Client, relation: str) -> int:
    return warehouse.query(f"select count() from ops.{relation}").result_rows[0][0]


def test_a_kept_ledger_is_laid_again_and_again(warehouse: Client, histories: Histories):
    for size in (SIZE, 0, SIZE):
        histories.lay(size)
        tables = ("load_plan", "load_commits", "load_gates", "object_profiles")
        assert [count(warehouse, table) for table in tables] == [size] * 4


def test_every_object_is_live_unless_overwritten_or_lost(warehouse: Client, histories: Histories):
    histories.lay(SIZE)
    assert count(warehouse, "live_objects") == SIZE - OVERWRITTEN - LOST
    assert count(warehouse, "parked_objects") == 0


def test_load_ids_are_those_of_their_moments(warehouse: Client, histories: Histories):
    histories.lay(SIZE)
    rows = warehouse.query(
        "select distinct load_id, committed_at from ops.load_commits order by committed_at"
    ).result_rows
    ids = [load_id for load_id, _ in rows]
    assert ids == sorted(ids)
    for load_id, committed_at in rows:
        assert UUID(load_id).version == 7
        assert UUID(load_id).int >> 80 == round(committed_at.timestamp() * 1000)
