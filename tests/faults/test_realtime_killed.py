"""The long runs of the real-time path: workers killed, all of it down for a minute; nothing is lost or done twice."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from orchestration.commands.context import open_warehouse
from orchestration.commands.realtime.demo import DemoPlan, Running, deliver_catalogue, own_home, running_demo, stream
from orchestration.realtime.embedded import data_folder, pg_control

pytestmark = [pytest.mark.faults, pytest.mark.kafka, pytest.mark.timeout(7200)]
SECONDS_PER_KILL = 15.0
DOWN_SECONDS = 60.0


@contextmanager
def running_path(plan: DemoPlan) -> Iterator[Running]:
    with own_home() as home, open_warehouse() as warehouse:
        deliver_catalogue(warehouse, home)
        with running_demo(plan, home) as running:
            yield running


def test_workers_killed_again_and_again(request: pytest.FixtureRequest, empty_home):
    kills = request.config.getoption("--faults") or 20
    plan = DemoPlan(
        seconds=SECONDS_PER_KILL * (kills + 1),
        rate=200,
        workers=2,
        kills=kills,
        seed=request.config.getoption("--fault-seed"),
        parity=False,
    )
    with running_path(plan) as running:
        proof = stream(running)
    print(proof.as_document())
    assert proof.kill_count >= kills * 0.8
    assert proof.holds, proof.as_document()


def test_the_database_and_every_process_down_for_a_minute(empty_home):
    """Learners go on meanwhile, and the topic keeps what they do: it is done late, once, and no learner is paused."""
    with running_path(DemoPlan(seconds=90, rate=100, workers=2, kills=0, seed=7, parity=False)) as running:
        data = data_folder(running.path.settings.folder)

        def outage() -> None:
            while not running.platform.done:
                time.sleep(0.1)
            pg_control(data, ["-w", "-m", "immediate", "stop"])
            for child in running.supervisor.children:
                running.supervisor.kill(child)
            time.sleep(DOWN_SECONDS)
            # "restart" starts it with the options that it had; "start" would not.
            pg_control(data, ["-w", "restart"])

        breaking = threading.Thread(target=outage, daemon=True)
        breaking.start()
        proof = stream(running)
        breaking.join()
    # It was restarted from here, and may outlive the embedded pair.
    pg_control(data, ["-m", "immediate", "stop"])
    print(proof.as_document())
    assert proof.holds, proof.as_document()
    assert proof.to_action_ms["max"] > DOWN_SECONDS * 500
