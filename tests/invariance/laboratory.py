"""One warehouse in which the same lines are delivered and built again and again, each time from nothing."""

import gzip
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml
from clickhouse_connect.driver.client import Client

from orchestration.loading import load_pending
from orchestration.loading.lake.upload import put_drop
from orchestration.resources.lake import connect_lake
from orchestration.settings import PROJECT_ROOT, Settings
from tests.conftest import DATABASES
from tests.dbt_command import MODELS_ONLY, TOUCHED, Dbt
from tests.dbt_project.snapshots import differences, marts, put_aside
from tests.invariance.deliveries import Delivery, Drop
from tests.object_store import s3_client
from tests.passing_judge import judge_by

# These tell how the data came, and must differ when they come otherwise.
DELIVERY_MARTS = frozenset(
    {
        "agg_lateness",
        "agg_source_health",
        "fct_drops",
        "fct_event_deliveries",
        "fct_flagged_lines",
        "fct_quarantined_lines",
        "fct_statement_conflicts",
        "fct_voided_events",
    }
)
# But what they say of contents does not depend on it: not how often each came, and when.
SAME_COLUMNS = {
    "fct_statement_conflicts": "statement_id, content_id, is_counted, content_count, differing_parts, first_stored_at",
    "fct_voided_events": "* except (voiding_delivered_at)",
}
REFERENCE = "reference"
# However much a drop touches, it is taken for an increment: with so little data every drop would be "most of it".
ALWAYS_INCREMENTAL = 1_000_000
MODELS = len(list((PROJECT_ROOT / "models").rglob("*.sql")))
_numbers = count(1)


def profile(folder: Path, **engine_settings: object) -> tuple[str, str]:
    """Options of dbt for the project's own profile with further settings of the engine."""
    profiles = yaml.safe_load((PROJECT_ROOT / "profiles" / "profiles.yml").read_text())
    for target in profiles["warehouse"]["outputs"].values():
        target["custom_settings"] = target.get("custom_settings", {}) | engine_settings
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
    return "--profiles-dir", str(folder)


@dataclass
class Laboratory:
    """The warehouse, its dbt, and the files that never change: the catalogue and the learners."""

    client: Client
    settings: Settings
    fixed: Path
    options: tuple[str, ...] = ()
    compared: set[str] = field(default_factory=set)
    kept: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    delivered: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.use()

    def use(self, *options: str, **variables: object) -> None:
        """Further builds are made with these options and variables of dbt."""
        variables = {"rebuild_touched_ratio": ALWAYS_INCREMENTAL} | variables
        self.dbt = Dbt(self.settings, ("--vars", json.dumps(variables), *options))

    def empty(self) -> None:
        """Nothing loaded, nothing built, an empty lake."""
        for database in DATABASES:
            self.client.command(f"drop database if exists {database}")
        bucket = f"{self.settings.lake.bucket}-{next(_numbers)}"
        elsewhere = replace(self.settings, lake=replace(self.settings.lake, bucket=bucket))
        s3_client(elsewhere).create_bucket(Bucket=bucket)
        self.lake = connect_lake(elsewhere)
        self.loading = elsewhere

    def put(self, number: int, drop: Drop, with_stray: bool = False) -> None:
        for source, lines in drop.files(with_stray).items():
            body = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
            key = f"events/{source}/dt=2025-10-01/drop-{number:03d}.ndjson.gz"
            s3_client(self.loading).put_object(Bucket=self.lake.bucket, Key=key, Body=body)

    def load(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            judge_by(patch)
            report = load_pending(self.client, self.lake, self.loading)
        assert (report.parked_count, report.held_count) == (0, 0)

    def build(self, *options: str) -> None:
        """Seeds and models, all of them or those that are selected."""
        before = self._whole_since()
        self.dbt.run("build", *MODELS_ONLY, *options)
        self.kept.update(table for table, built in self._whole_since().items() if before.get(table) == built)

    def _whole_since(self) -> dict[str, str]:
        """Table → the run that last built it whole, for those of which runs recompute only what was touched."""
        query = "select name, extract(comment, '\\\\[whole ([^]]+)') as run from system.tables where run != ''"
        return dict(self.client.query(query).result_rows)

    @property
    def is_incremental(self) -> bool:
        """Whether any table is of the kind of which runs recompute only what was touched."""
        return bool(self._whole_since())

    def deliver(self, delivery: Delivery, kills: Mapping[int, int] = MappingProxyType({})) -> None:
        """All drops, with builds between. `kills`: number of a build → model at which it is killed, and run again.

        Builds between are of what is recomputed by units: all else is made from nothing by the last one.
        """
        self.empty()
        last, corrected = len(delivery.drops) - 1, -1
        self.delivered.update(deliveries=1, drops=len(delivery.drops), builds=len(delivery.builds_after))
        builds = count()
        for number, drop in enumerate(delivery.drops):
            self.put(number, drop, with_stray=bool(drop.stray))
            if number == delivery.fixed_with:
                put_drop(self.lake, [self.fixed])
            if number not in delivery.builds_after:
                continue
            self.load()
            if fatal := kills.get(next(builds)):
                self.kill_a_build(fatal)
            is_wrong = any(drop.stray for drop in delivery.drops[corrected + 1 : number + 1])
            self.build(*(TOUCHED if number < last or is_wrong else ()))
            if is_wrong or (corrected >= 0 and number < last):
                self.correct(delivery, number)
                corrected = number
        if corrected == last:
            self.load()
            self.build()

    def correct(self, delivery: Delivery, until: int) -> None:
        """The right version of every drop that had stray lines, over the wrong one."""
        for number, drop in enumerate(delivery.drops[: until + 1]):
            if drop.stray:
                # A source of which only stray lines were in the drop leaves nothing to be put right but an empty file.
                wrong, right = drop.files(with_stray=True), drop.files()
                for source in wrong.keys() - right.keys():
                    key = f"events/{source}/dt=2025-10-01/drop-{number:03d}.ndjson.gz"
                    body = gzip.compress(b"", mtime=0)
                    s3_client(self.loading).put_object(Bucket=self.lake.bucket, Key=key, Body=body)
                self.put(number, drop)

    def kill_a_build(self, fatal: int) -> None:
        """SIGKILL to dbt, with all its threads, soon after it has started its model of that number."""
        # A model takes 0.15 s and more: by then the last ones, and the run, would have ended by themselves.
        delay = random.Random(fatal).random() * min(0.3, 0.1 * max(0, MODELS - fatal))
        process = self.dbt.start("run")
        started = 0
        for text in process.stdout:
            started += " START " in text
            if started >= fatal:
                time.sleep(delay)
                break
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            self.killed += 1
        process.communicate()

    def keep(self) -> None:
        """What is in the marts now is what every delivery must give."""
        put_aside(self.client, REFERENCE)

    def unlike(self) -> dict[str, str]:
        """Mart → how it differs from the reference."""
        differing = differences(self.client, REFERENCE, without=DELIVERY_MARTS)
        for mart, columns in SAME_COLUMNS.items():
            then, now = (self._rows(f"select {columns} from {place}.{mart}") for place in (REFERENCE, "marts"))
            if then != now:
                differing[mart] = f"only then {sorted(then - now)[:3]}, only now {sorted(now - then)[:3]}"
        self.compared |= set(marts(self.client)) - DELIVERY_MARTS | SAME_COLUMNS.keys()
        return differing

    def _rows(self, query: str) -> set[str]:
        return {str(row) for row in self.client.query(query).result_rows}
