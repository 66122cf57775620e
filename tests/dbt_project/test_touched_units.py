"""Marts that are kept up to date equal marts that are built at once, whatever comes and goes between. Each run has
such a comparison in tests/invariance; this one adds what the gate holds back and releases, and a late list of learners.

A first window of days for sessions was wrong in 5 to 79 of 80 late batches; nothing but a comparison of whole tables
finds such errors.
"""

import gzip
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.loading import load_pending
from orchestration.loading.lake.upload import put_drop
from orchestration.resources.lake import S3Lake
from orchestration.settings import Settings
from tests.dbt_project.snapshots import built_whole_by, differences, put_aside

pytestmark = [pytest.mark.slow, pytest.mark.invariance, pytest.mark.timeout(1800)]

CORE = "+tag:near_real_time"
FILES = 60
SEED = 4
# These tell how the data came; the others must not.
ABOUT_DELIVERY = frozenset({"fct_event_deliveries", "fct_drops", "fct_quarantined_lines", "fct_flagged_lines"})


@pytest.fixture(scope="module")
def objects(
    warehouse: Client, lake: S3Lake, settings: Settings, simulated: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, str]]:
    """The lines of the simulation dealt at random to many objects, all loaded: (load_id, object_id)."""
    folder = tmp_path_factory.mktemp("dealt")
    chance = random.Random(SEED)
    hands: list[list[bytes]] = [[] for _ in range(FILES)]
    for path in sorted((simulated / "events").glob("*/dt=*/*.ndjson.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            chance.choice(hands).append(line)
    for number, hand in enumerate(hands):
        path = folder / "events" / "web" / "dt=2025-09-30" / f"hand-{number}.ndjson"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\n".join(hand) + b"\n")
    for kind in ("catalog", "learners"):
        (folder / kind).mkdir()
        for path in (simulated / kind).iterdir():
            (folder / kind / path.name).write_bytes(path.read_bytes())
    put_drop(lake, [folder])
    assert load_pending(warehouse, lake, settings).held_count == 0
    return warehouse.query(
        "select load_id, object_id from ops.load_commits where kind = 'events' order by object_key"
    ).result_rows


def publish(client: Client, objects: list[tuple[str, str]], is_live: bool) -> None:
    """Let the gate release objects or hold them back."""
    verdict = "pass" if is_live else "block"
    rows = [[*each, verdict, "test", datetime.now(UTC)] for each in objects]
    client.insert("load_gates", rows, ["load_id", "object_id", "verdict", "reason", "judged_at"], database="ops")


def test_touched_units_end_as_one_full_build(
    warehouse: Client, objects: list[tuple[str, str]], dbt: Callable[..., None]
):
    chance = random.Random(SEED)
    live = set(chance.sample(objects, FILES * 2 // 3))
    publish(warehouse, [each for each in objects if each not in live], is_live=False)
    # The list of learners comes later, and tells of enrolments before the first event of many.
    publish(warehouse, learner_lists(warehouse), is_live=False)
    dbt("seed")
    dbt("run", "--select", CORE)
    whole = built_whole_by(warehouse)
    gone, come = chance.sample(sorted(live), 2), chance.sample(sorted(set(objects) - live), 3)
    publish(warehouse, gone, is_live=False)
    publish(warehouse, come, is_live=True)
    assert count(warehouse, "marts.fct_enrolments where acquisition_channel != 'unknown'") == 0
    publish(warehouse, learner_lists(warehouse), is_live=True)
    dbt("run", "--select", CORE)
    assert (
        0
        < count(warehouse, "intermediate.int_touched_timeline")
        < count(warehouse, "intermediate.int_statements__deduplicated")
    )
    assert count(warehouse, "marts.fct_enrolments where acquisition_channel != 'unknown'") > 0
    assert built_whole_by(warehouse)["fct_unit_progress"] == whole["fct_unit_progress"]
    put_aside(warehouse, "kept")
    dbt("run", "--select", CORE, "--full-refresh")
    assert differences(warehouse, "kept", without=ABOUT_DELIVERY) == {}, f"seed {SEED}"


def learner_lists(client: Client) -> list[tuple[str, str]]:
    found = client.query("select load_id, object_id from ops.load_commits where kind = 'learners'").result_rows
    assert found
    return found


def count(client: Client, rows: str) -> int:
    return client.query(f"select count() from {rows}").result_rows[0][0]
