"""Old runs and logs of Dagster go, and take their files with them; what is younger stays."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, asset, materialize

from orchestration.resources.dagster_instance import write_dagster_config
from orchestration.resources.old_runs import KEPT_RUN_DAYS, KEPT_TICK_DAYS, forget_old_runs, forget_old_tick_logs


@pytest.fixture
def instance(empty_home: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(str(write_dagster_config(empty_home))) as of_home:
        yield of_home


@asset
def table() -> None:
    """A table."""


def files_of(instance: DagsterInstance, run_id: str) -> list[Path]:
    return list(Path(instance.root_directory).rglob(f"*{run_id}*"))


def test_a_run_is_forgotten_when_it_is_old_with_all_its_files(instance: DagsterInstance) -> None:
    run_id = materialize([table], instance=instance).run_id
    assert len(files_of(instance, run_id)) >= 2, "a database and the logs of steps"
    in_time = datetime.now(UTC) + timedelta(days=KEPT_RUN_DAYS - 1)
    assert forget_old_runs(instance, in_time) == 0
    assert instance.has_run(run_id)
    late = datetime.now(UTC) + timedelta(days=KEPT_RUN_DAYS + 1)
    assert forget_old_runs(instance, late) == 1
    assert not instance.has_run(run_id)
    assert files_of(instance, run_id) == []
    records = Path(instance.root_directory) / "history" / "runs" / "index.db"
    with closing(sqlite3.connect(records)) as index:
        assert index.execute("select count(*) from event_logs").fetchall() == [(0,)]
    assert instance.get_latest_materialization_event(AssetKey("table")), "the table is still known to be built"
    again = materialize([table], instance=instance)
    assert again.success, "the databases are open again"
    assert instance.get_latest_materialization_event(AssetKey("table")).run_id == again.run_id


def test_records_of_a_team_are_left_alone() -> None:
    with DagsterInstance.ephemeral() as elsewhere:
        materialize([table], instance=elsewhere)
        assert forget_old_runs(elsewhere, datetime.now(UTC) + timedelta(days=999)) == 0


def test_logs_of_ticks_are_kept_for_a_week(tmp_path: Path) -> None:
    folder = tmp_path / "__repository__" / "drops_sensor"
    folder.mkdir(parents=True)
    for name, days in (("1.err", KEPT_TICK_DAYS + 1), ("2.err", KEPT_TICK_DAYS - 1)):
        (folder / name).write_text("")
        moment = time.time() - days * 86400
        os.utime(folder / name, (moment, moment))
    assert forget_old_tick_logs(tmp_path) == 1
    assert [file.name for file in folder.iterdir()] == ["2.err"]
