"""What `warehouse churn show` says of a published run, of a refused one, and before the first."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestration.churn import records
from orchestration.commands import churn_show

RUN = {
    "status": "published", "reason": "", "as_of": "2025-11-03", "model": "logistic", "model_version": "abc",
    "labelled_count": 900, "training_count": 500, "test_count": 300, "scored_count": 120,
}  # fmt: skip
REFUSED = RUN | {"status": "not_published", "reason": "no learner-week has a known outcome", "model": "", "as_of": ""}
COURSES = [
    {"course_id": "large", "course_reason": "", "scored": 117, "learners": 117},
    {"course_id": "thin", "course_reason": "in the course: 3 churned", "scored": 0, "learners": 3},
]


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """shown(run, courses) is what the command prints of them."""

    def show(run: dict, courses: list[dict]) -> str:
        @contextmanager
        def opened():
            settings = SimpleNamespace(home=tmp_path)
            yield SimpleNamespace(settings=settings, connect_prepared=lambda: None)

        figures = [
            {"measure": name, "value": 0.5, "value_low": None if name == "stability_index" else 0.4, "value_high": 0.6}
            for name in churn_show.MEASURES
        ]
        monkeypatch.setattr(churn_show, "open_warehouse", opened)
        monkeypatch.setattr(records, "last_run", lambda _: (run, figures if run else []))
        monkeypatch.setattr(records, "last_courses", lambda _: courses)
        churn_show.show_churn()
        return capsys.readouterr().out

    return show


def test_a_published_run_shows_figures_and_the_course_that_was_refused(shown):
    text = shown(RUN, COURSES)
    assert "Scores are published, Monday 2025-11-03" in text
    assert "0.400 … 0.600" in text
    assert "in the course: 3 churned" in text
    assert "2025-11-03-abc.html" in text.replace("\n", "")


def test_a_refused_run_says_why_and_shows_no_figures(shown):
    text = shown(REFUSED, [])
    assert "No score is published, no Monday yet: no learner-week has a known outcome" in text
    assert "not fitted" in text
    assert "auc pr" not in text
    assert "no-data-abc.html" in text.replace("\n", "")


def test_before_the_first_run_it_says_what_trains_a_model(shown):
    assert "run --job weekly" in shown({}, [])
