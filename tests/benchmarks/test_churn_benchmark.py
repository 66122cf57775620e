"""The benchmark of the churn model, in its smallest size."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.churn import learner_weeks, main


def test_a_training_set_has_the_learner_weeks_asked_for():
    rows = learner_weeks(2_000)
    assert len(rows) == 2_000
    assert rows["learner_id"].nunique() > 100
    assert not rows.duplicated(["learner_id", "course_id", "as_of_at"]).any()


@pytest.mark.benchmarks
@pytest.mark.timeout(600)
def test_every_stage_is_measured_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["--rows", "6000", "--json"]) == 0
    measures = {measure["name"]: measure["value"] for measure in json.loads(capsys.readouterr().out)["measures"]}
    assert {"read", "train and score", "write", "card", "the weekly step"} <= measures.keys()
    assert measures["learner-weeks: labelled"] + measures["learner-weeks: scored"] <= 6_000
    assert list(tmp_path.iterdir()) == []
