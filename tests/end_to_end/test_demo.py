"""The demo in small, from sensor to marts: everything that it delivers is counted."""

from pathlib import Path

import pytest

from orchestration.simulate.simulator import simulate
from tests.end_to_end.conftest import CommandLine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LEARNERS, DAYS = 60, 14


def test_the_demo_counts_every_event_that_it_delivered(tmp_path: Path) -> None:
    """Its drops lie in old folders, where a single look of the sensor finds the catalogue only."""
    warehouse = CommandLine(tmp_path / "home")
    # So few learners show no finding; that they are missed is the demo's own business.
    warehouse("demo", "--learners", str(LEARNERS), "--days", str(DAYS), expect=None)
    truth = simulate(tmp_path / "again", LEARNERS, DAYS, seed=1)
    with warehouse.services():
        events = warehouse.rows("select count() as events from marts.fct_learning_events")
        state = warehouse.status()
    assert events == [{"events": truth.counts.events}]
    assert (state["due"], state["live"]) == (0, state["listed"])
