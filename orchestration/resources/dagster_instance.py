"""Dagster's own configuration, written into the home: nothing is sent anywhere, and runs that die are noticed."""

import json
from pathlib import Path

from orchestration.machine.private import make_private

MAX_RUN_SECONDS = 7200
"""Above ClickHouse's own limit for a load (one hour), so that the engine gives up first and says why."""

CADENCE_TAG = "warehouse/cadence"
FREQUENT, LONG = {CADENCE_TAG: "frequent"}, {CADENCE_TAG: "long"}
"""Tags of the jobs."""

_CONFIG = f"""\
# Written by the warehouse at each start; changes here are overwritten.
telemetry:
  enabled: false
nux:
  enabled: false
{{storage}}
run_retries:
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  max_runtime_seconds: {MAX_RUN_SECONDS}
  poll_interval_seconds: 60
# No pools: the slot of a run that was killed would stay taken. Runs take turns by locks (see assets/turns.py).
concurrency:
  runs:
    max_concurrent_runs: 2
    # One run of the ten-minute path and one long one, which lets it through between its parts.
    tag_concurrency_limits:
      - key: {CADENCE_TAG}
        limit: 1
        value:
          applyLimitPerUniqueValue: true
run_launcher:
  module: orchestration.resources.run_launcher
  class: HomeRunLauncher
retention:
  sensor:
    purge_after_days: {{{{skipped: 2, started: 30, success: 30, failure: 30}}}}
  schedule:
    purge_after_days: {{{{skipped: 2, started: 30, success: 30, failure: 30}}}}
"""

_STORAGE = """\
storage:
  custom:
    module: orchestration.resources.dagster_storage
    class: PooledSqliteStorage
    config:
      base_dir: {base_dir}
"""


def write_dagster_config(home: Path) -> Path:
    """Write `home/dagster/dagster.yaml` and return the folder, which is DAGSTER_HOME.

    A file `storage.yaml` beside it, Dagster's section `storage`, goes before our databases.
    """
    make_private(home)
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    config, own = folder / "dagster.yaml", folder / "storage.yaml"
    ours = _STORAGE.format(base_dir=json.dumps(str(folder.resolve())))
    text = _CONFIG.format(storage=(own.read_text() if own.exists() else ours).strip())
    if not config.exists() or config.read_text() != text:
        config.write_text(text)
    return folder
