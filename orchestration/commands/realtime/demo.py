"""`warehouse realtime demo`: learners with planted triggers, a worker killed half way, and the proof.

Everything runs in a folder of the home that is made from nothing: broker, database, lake, warehouse, and a platform
with a webhook that refuses a post now and then.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.commands.context import CommandContext, open_warehouse
from orchestration.commands.display import print_note, shown_stages
from orchestration.commands.errors import EXIT_FAILED, CommandError
from orchestration.commands.realtime.context import RealtimeContext, ask_for_extra, open_path
from orchestration.commands.realtime.demo_display import Live, show_proof
from orchestration.commands.realtime.parity import compare_with_warehouse
from orchestration.commands.realtime.proof import DemoProof, prove
from orchestration.settings import warehouse_home, warehouse_target

if TYPE_CHECKING:
    import psycopg

    from orchestration.realtime.supervisor import Supervisor
    from orchestration.simulate.platform import Platform
    from orchestration.simulate.stream import Planted, Stream

FOLDER = "realtime-demo"
SOURCE = "live"
FAILING_POSTS = 0.02
PAUSE_SECONDS = 6.0
READY_SECONDS = 60.0
LOOK_SECONDS = 0.05
FLUSH_SECONDS = 60.0
LEAST_PARTITIONS = 4
KEPT_BATCHES = 20_000
"""The embedded broker goes through all batches of a partition at each fetch: a long run sends larger ones."""
SETTLE_SECONDS = 120.0
RULES = """
defaults:
  pause: {{after_minutes: {minutes}}}
"""


@dataclass(frozen=True)
class DemoPlan:
    """What is asked of the demo."""

    seconds: float
    rate: float
    workers: int
    kills: int
    seed: int
    parity: bool


@dataclass
class Running:
    """The parts of a demo that runs."""

    plan: DemoPlan
    path: RealtimeContext
    supervisor: "Supervisor"
    platform: "Platform"
    killed_at: list[datetime] = field(default_factory=list)

    def connect(self) -> "psycopg.Connection":
        from orchestration.realtime.database import connect

        return connect(self.path.settings.database_url, autocommit=True)


def run_realtime_demo(plan: DemoPlan, as_json: bool) -> int:
    """The exit code: 0 when everything that was planted was done, once, and the warehouse agrees."""
    ask_for_extra()
    if warehouse_target() != "local":
        raise CommandError("WAREHOUSE_TARGET is not 'local', and the demo would mix simulated learners with real ones.")
    if plan.seconds < 4 * PAUSE_SECONDS and plan.kills:
        print_note("A short run: the worker is back when most statements are sent.")
    with own_home() as home, open_warehouse() as warehouse, ExitStack() as stack:
        deliver_catalogue(warehouse, home)
        running = stack.enter_context(running_demo(plan, home))
        proof = stream(running)
        if plan.parity:
            running.supervisor.stop()
            proof = replace(proof, parity=compare_with_warehouse(warehouse, running.path.settings))
        show_proof(proof, as_json)
        if not as_json:
            print_note(f"Look at what came of it: WAREHOUSE_HOME={home} uv run warehouse sql …")
    return 0 if proof.holds else EXIT_FAILED


@contextmanager
def own_home() -> Iterator[Path]:
    """A new home within the home; the one of an earlier demo goes."""
    from orchestration.realtime.embedded import remove_data

    home = warehouse_home() / FOLDER
    shutil.rmtree(home, ignore_errors=True)
    remove_data(home / "realtime")
    former = os.environ.get("WAREHOUSE_HOME")
    os.environ["WAREHOUSE_HOME"] = str(home)
    try:
        yield home
    finally:
        if former is None:
            del os.environ["WAREHOUSE_HOME"]
        else:
            os.environ["WAREHOUSE_HOME"] = former


def deliver_catalogue(warehouse: CommandContext, home: Path) -> None:
    """The catalogue of the simulated courses, as a drop of the lake: rules and marts read the same."""
    from orchestration.simulate.catalogue import catalogue_lines
    from orchestration.simulate.courses import build_catalogue
    from orchestration.simulate.drops import write_objects

    path = home / "simulated" / "catalog.ndjson"
    write_objects(path, catalogue_lines(build_catalogue()))
    warehouse.lake().upload(path, "catalog/catalog.ndjson")


@contextmanager
def running_demo(plan: DemoPlan, home: Path) -> Iterator[Running]:
    """The whole path, supervised, with a platform behind the webhook."""
    from orchestration.realtime.settings import load_realtime_settings
    from orchestration.realtime.supervisor import supervised_path
    from orchestration.simulate.platform import running_platform

    rules = home / "rules.yml"
    rules.write_text(RULES.format(minutes=PAUSE_SECONDS / 60))
    with ExitStack() as stack:
        platform, url = stack.enter_context(running_platform(FAILING_POSTS))
        settings = replace(
            load_realtime_settings(),
            kafka={},
            database_url="",
            webhook_url=url,
            webhook_secret="",
            rules_file=rules,
            partitions=max(LEAST_PARTITIONS, plan.workers),
        )
        path = stack.enter_context(open_path(settings))
        environment = path.environment | {
            "PLATFORM_WEBHOOK_URL": url,
            "REALTIME_RULES": str(rules),
            "REALTIME_SOURCE": SOURCE,
            "REALTIME_ARCHIVE_SECONDS": "5",
        }
        supervisor = supervised_path(path.settings, environment, plan.workers)
        stack.callback(supervisor.stop)
        yield Running(plan, path, supervisor, platform)


def stream(running: Running) -> DemoProof:
    """Send statements at the rate, kill as planned, wait until all is done, and hold it against what was planted."""
    from orchestration.simulate.stream import Stream

    plan = running.plan
    with shown_stages() as stages:
        stages.start("Starting the workers")
        wait_until_consuming(running)
    messages = Stream(plan.rate, plan.seconds, plan.seed)
    with Live(messages.planted, running.platform) as live:
        started_at = time.monotonic()
        send_all(running, messages, live)
        sent_seconds = time.monotonic() - started_at
        planted = messages.finish()
        settle(running, planted, live, started_at)
    with running.connect() as connection:
        return prove(
            planted,
            running.platform,
            connection,
            killed_at=running.killed_at,
            seconds=sent_seconds,
            start_count=running.path.settings.partitions,
        )


def send_all(running: Running, messages: "Stream", live: Live) -> None:
    """Send each message when it is due, and kill a worker when that is due."""
    from orchestration.realtime.kafka import LINGER_MS, producer, send
    from orchestration.realtime.settings import STATEMENTS_TOPIC

    plan = running.plan
    batches_a_second = KEPT_BATCHES / plan.seconds / running.path.settings.partitions
    sending = producer(running.path.settings.kafka, max(LINGER_MS, round(1000 / batches_a_second)))
    kills_at = [plan.seconds * (number + 1) / (plan.kills + 1) for number in range(plan.kills)]
    started_at, looked_at = time.monotonic(), 0.0
    for number in range(messages.message_count):
        while (elapsed := time.monotonic() - started_at) < number / plan.rate:
            time.sleep(min(number / plan.rate - elapsed, LOOK_SECONDS))
        if elapsed - looked_at >= LOOK_SECONDS:
            looked_at = elapsed
            tend(running)
            live.show(elapsed)
            if kills_at and elapsed >= kills_at[0]:
                kills_at.pop(0)
                kill_a_worker(running, live)
        for message in messages.messages(number, datetime.now(UTC)):
            send(sending, STATEMENTS_TOPIC, message.value, message.key)
    sending.flush(FLUSH_SECONDS)


def wait_until_consuming(running: Running) -> None:
    """Return when each partition is consumed, so that no latency is that of starting."""
    from orchestration.realtime.archiver import BRIDGED_HEADER
    from orchestration.realtime.kafka import producer
    from orchestration.realtime.settings import STATEMENTS_TOPIC

    partitions = running.path.settings.partitions
    sending = producer(running.path.settings.kafka)
    for partition in range(partitions):
        # The header keeps them out of the lake.
        sending.produce(STATEMENTS_TOPIC, b"null", b"start", partition=partition, headers=[(BRIDGED_HEADER, b"start")])
    sending.flush(10)
    deadline = time.monotonic() + READY_SECONDS
    while consumed_count(running) < partitions:
        tend(running)
        if time.monotonic() > deadline:
            raise CommandError(
                f"The workers do not consume after {READY_SECONDS:.0f} s; see {running.path.settings.logs}."
            )
        time.sleep(0.1)


def tend(running: Running) -> None:
    running.path.raise_if_ended()
    running.supervisor.tend()


def kill_a_worker(running: Running, live: Live) -> None:
    workers = [child for child in running.supervisor.children if child.role == "worker"]
    victim = workers[len(running.killed_at) % len(workers)]
    pid = running.supervisor.kill(victim)
    if pid is not None:
        running.killed_at.append(datetime.now(UTC))
        live.say(f"kill -9 {victim.name} (pid {pid})")


def settle(running: Running, planted: "Planted", live: Live, started_at: float) -> None:
    """Wait until every message is consumed and archived, and every planted action had its time."""
    deadline = time.monotonic() + SETTLE_SECONDS
    total = planted.message_count + running.path.settings.partitions
    live.say(f"All is sent. Learners fall silent; after {PAUSE_SECONDS:.0f} s their sessions are paused.")
    while time.monotonic() < deadline:
        tend(running)
        missing = {
            "to consume": total - consumed_count(running),
            "actions": len(planted.actions) - len(running.platform.done),
            "lines to archive": total - archived_count(running),
        }
        waiting = ", ".join(f"{count:,} {what}" for what, count in missing.items() if count > 0)
        if not waiting:
            break
        live.show(time.monotonic() - started_at, f"waiting for: {waiting}")
        time.sleep(0.1)
    # What comes that must not come would come now.
    time.sleep(2.0)


def consumed_count(running: Running) -> int:
    return counted(running, "select coalesce(sum(consumed_count), 0) from realtime.consumed_offsets")


def archived_count(running: Running) -> int:
    return counted(running, "select coalesce(sum(line_count), 0) from realtime.archived_ranges")


def counted(running: Running, query: str) -> int:
    """A number of the database; on a connection of its own, for the database may restart meanwhile."""
    with running.connect() as connection:
        return int(connection.execute(query).fetchone()[0])
