"""The process of a job: what it does before and after the run itself."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.utils import make_new_run_id

from orchestration.assets import dbt_project
from orchestration.commands import job_process
from orchestration.commands.job_process import run_job
from orchestration.definitions import defs
from orchestration.resources import dead_runs
from orchestration.settings import Settings


@pytest.fixture
def home(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    ours = replace(settings, home=tmp_path)
    for name, value in ours.as_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(job_process, "load_settings", lambda: ours)
    monkeypatch.setattr(dbt_project, "prepare_manifest", lambda: None)
    monkeypatch.setattr(dead_runs, "GRACE_SECONDS", 0.0)
    return tmp_path


def test_a_run_that_dies_beside_this_one_is_marked_at_its_end(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a run of the daemon that was still stopping when this one began."""
    dying = DagsterRun("nightly", run_id=make_new_run_id(), status=DagsterRunStatus.STARTED)

    def execute_in_process(instance: DagsterInstance, **_: object) -> SimpleNamespace:
        instance.add_run(dying)
        return SimpleNamespace(success=True)

    monkeypatch.setattr(
        type(defs), "resolve_job_def", lambda *_: SimpleNamespace(execute_in_process=execute_in_process)
    )
    told: list[tuple[str, dict]] = []
    assert run_job("near_real_time", False, {}, lambda kind, content: told.append((kind, content)))
    assert [content["text"] for kind, content in told if kind == "note"] == [
        f"Run {dying.run_id[:8]} of nightly was killed; it is now marked as failed."
    ]
    with DagsterInstance.from_config(str(home / "dagster")) as instance:
        assert instance.get_run_by_id(dying.run_id).status == DagsterRunStatus.FAILURE
