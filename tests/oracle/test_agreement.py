"""Two independent readings of the definitions, this one in plain Python and the models', come to the same numbers.

On real statements here, where there are some; on a simulated programme and awkward cases in tests/invariance.
"""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.loading import load_pending
from orchestration.loading.lake.upload import put_drop
from orchestration.resources.lake import S3Lake
from orchestration.settings import Settings
from tests.conftest import DATABASES
from tests.dbt_command import MODELS_ONLY, Dbt
from tests.oracle.agreement import EVERY, known_as, learner_ids
from tests.oracle.marts import lines_of
from tests.oracle.oracle import Account, account
from tests.oracle.recovery import recovered_ratio

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MODELS = [f"+{mart}" for mart in EVERY]
REAL_STATEMENTS = os.environ.get("REAL_STATEMENTS", "")
# What the pairs of statements cannot prove, the player's own record adds; only slivers of rounding are left out.
LEAST_RECOVERED = 0.95


@pytest.fixture(scope="module")
def build(warehouse: Client, lake: S3Lake, settings: Settings) -> Callable[[list[Path]], Account]:
    """build(folders) loads them into an empty warehouse, builds the models, and gives the oracle's account."""
    dbt = Dbt(settings)

    def loaded_and_built(paths: list[Path]) -> Account:
        put_drop(lake, paths)
        report = load_pending(warehouse, lake, settings)
        assert (report.parked_count, report.held_count) == (0, 0)
        dbt.run("build", "--select", *MODELS, *MODELS_ONLY)
        whole = account(lines_of(warehouse))
        return known_as(whole, learner_ids(warehouse, whole))

    return loaded_and_built


@pytest.mark.skipif(not REAL_STATEMENTS, reason="REAL_STATEMENTS names no file of real statements (.ndjson.gz)")
def test_the_oracle_agrees_on_real_statements_and_the_players_record_is_recovered(
    build: Callable[[list[Path]], Account], warehouse: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for database in DATABASES:
        warehouse.command(f"drop database if exists {database}")
    file = tmp_path / "events" / "real" / "dt=2026-01-01" / "statements.ndjson.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.compress(gzip.decompress(Path(REAL_STATEMENTS).read_bytes()), mtime=0))
    real = build([tmp_path])
    differences_by_mart = {mart: compare(warehouse, real) for mart, compare in EVERY.items()}
    assert {mart: unlike[:5] for mart, unlike in differences_by_mart.items() if unlike} == {}
    share = recovered_ratio(real)
    with capsys.disabled():
        print(f"\nThe marts recover {share:.2%} of the seconds that players report; {_by_kind(real)}")
    assert share >= LEAST_RECOVERED


def _by_kind(real: Account) -> str:
    kinds = sorted({interval.kind for interval in real.intervals})
    seconds = {kind: sum(i.seconds for i in real.intervals if i.kind == kind) / 1000 for kind in kinds}
    seconds["rewatched"] = sum(view.watched - view.unique for view in real.views) / 1000
    return ", ".join(f"{kind} {total:,.0f} s" for kind, total in seconds.items())
