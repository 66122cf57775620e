"""What `put` says comes next."""

import os
from datetime import date
from pathlib import Path

from orchestration.commands.put import next_step
from orchestration.machine.locks import take_lock

TODAY = date(2026, 1, 5)
DROP = "events/my_app/dt=2026-01-05/a.ndjson"


def test_without_a_daemon_a_run_is_named(tmp_path: Path):
    assert "'uv run warehouse run' loads them" in next_step(tmp_path, [DROP], TODAY)


def test_while_up_serves_the_home_its_sensor_is_named(tmp_path: Path):
    lock = take_lock(tmp_path / "up.lock")
    assert "sees them within 60 s" in next_step(tmp_path, [DROP, "catalog/a.ndjson"], TODAY)
    assert "warehouse run" not in next_step(tmp_path, [DROP, "events/my_app/dt=2026-01-04/b.ndjson"], TODAY)
    assert "warehouse run" in next_step(tmp_path, ["events/my_app/dt=2025-12-24/b.ndjson"], TODAY)
    os.close(lock)
    assert "sensor" not in next_step(tmp_path, [DROP], TODAY)
