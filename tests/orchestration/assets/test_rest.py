"""A build is left out only where nothing that the models are made from has changed since a whole success."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.storage.dagster_run import DagsterRun

from orchestration.assets import rest
from orchestration.assets.dbt_project import build_fingerprint
from orchestration.assets.rest import reason_to_rest
from orchestration.loading import record_build

PROJECT = "orchestration.assets.dbt_project.project_fingerprint"
JOB = "near_real_time"


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def rests(warehouse, instance, monkeypatch):
    """rests() is whether the job rests; it does at first."""
    monkeypatch.setattr(PROJECT, lambda: "files")
    warehouse.command("truncate table ops.builds")
    record_build(warehouse, JOB, "success", build_fingerprint(warehouse))

    def look(job: str = JOB) -> bool:
        return bool(reason_to_rest(warehouse, instance, job))

    assert look()
    return look


CHANGES = {
    "a new drop": "insert into ops.load_commits (load_id, object_id) values ('new', 'o')",
    "a release": "insert into ops.load_gates (load_id, object_id, verdict) values ('new', 'o', 'release')",
    "a replay": "insert into ops.load_revocations (load_id, object_id) values ('new', 'o')",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_the_live_lines_is_built(rests, warehouse, change: str) -> None:
    warehouse.command(CHANGES[change])
    assert not rests()


def test_another_project_is_built(rests, monkeypatch) -> None:
    monkeypatch.setattr(PROJECT, lambda: "other files")
    assert not rests()


def test_other_schemas_are_built(rests, monkeypatch) -> None:
    monkeypatch.setenv("WAREHOUSE_SCHEMA", "somewhere_else")
    assert not rests()


def test_another_dbt_builds(rests, monkeypatch) -> None:
    monkeypatch.setattr("orchestration.assets.dbt_project.version", lambda package: f"99.0 of {package}")
    assert not rests()


@pytest.mark.parametrize("status", ["tests_failed", "failure"])
def test_after_a_build_that_failed_it_is_built(rests, warehouse, status: str) -> None:
    record_build(warehouse, "nightly", status, build_fingerprint(warehouse))
    assert not rests()


def test_a_wider_build_counts_and_a_narrower_one_does_not(rests, warehouse, monkeypatch) -> None:
    monkeypatch.setattr(rest, "RESTING_JOB", "nightly")
    assert not rests("nightly"), "near_real_time has built less"
    record_build(warehouse, "weekly", "success", build_fingerprint(warehouse))
    assert rests("nightly")


@pytest.mark.parametrize("job", ["nightly", "weekly", "replay", "__ASSET_JOB"])
def test_other_jobs_always_build(rests, job: str) -> None:
    assert not rests(job)


@pytest.mark.parametrize("status", [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED])
def test_a_run_that_broke_off_since_then_may_have_built_a_part(rests, instance, status: DagsterRunStatus) -> None:
    instance.add_run(DagsterRun(job_name=JOB, status=status))
    assert not rests()


def test_a_run_that_broke_off_before_the_build_is_made_up_for(rests, instance, warehouse) -> None:
    instance.add_run(DagsterRun(job_name=JOB, status=DagsterRunStatus.FAILURE))
    # Dagster's clock and the ledger's may differ by moments, not by a minute.
    later = datetime.now(UTC) + timedelta(minutes=1)
    warehouse.command(
        "insert into ops.builds (build_id, job, status, fingerprint, started_at, finished_at) values "
        f"('later', '{JOB}', 'success', '{build_fingerprint(warehouse)}', now64(3), toDateTime64('{later:%F %T}', 3))"
    )
    assert rests()
