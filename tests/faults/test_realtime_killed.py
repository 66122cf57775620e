"""The long run of the real-time path: as many workers are killed as there are faults; nothing is lost or done twice."""

import pytest

from orchestration.commands.opened import opened_warehouse
from orchestration.commands.realtime.demo import Plan, deliver_catalogue, own_home, running_demo, stream

pytestmark = [pytest.mark.faults, pytest.mark.kafka, pytest.mark.timeout(7200)]
SECONDS_PER_KILL = 15.0


def test_workers_killed_again_and_again(request: pytest.FixtureRequest, empty_home):
    kills = request.config.getoption("--faults") or 20
    plan = Plan(
        seconds=SECONDS_PER_KILL * (kills + 1),
        rate=200,
        workers=2,
        kills=kills,
        seed=request.config.getoption("--fault-seed"),
        parity=False,
    )
    with own_home() as home, opened_warehouse() as warehouse:
        deliver_catalogue(warehouse, home)
        with running_demo(plan, home) as running:
            proof = stream(running)
    print(proof.as_document())
    assert proof.kill_count >= kills * 0.8
    assert proof.holds, proof.as_document()
