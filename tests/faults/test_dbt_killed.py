"""dbt is killed in the middle of a build: the next build ends as if nothing had happened."""

import random
import time

import pytest

from tests.faults.dbt_process import build, check_statements, fills_the_model, start_dbt
from tests.faults.offers import Offers
from tests.faults.proxy import Mischief, once
from tests.faults.warehouse_site import Site


def kill_while_it_fills(site: Site, is_after: bool) -> None:
    """SIGKILL when dbt has asked for the model's rows, or when they are there and dbt has not heard of it."""
    processes = []

    def kill() -> None:
        processes[0].kill()

    mischief = Mischief(after=kill, cut_at=0) if is_after else Mischief(before=kill)
    site.engine_proxy.set_rule(once(fills_the_model, mischief))
    processes.append(start_dbt(site))
    output, _ = processes[0].communicate(timeout=240)
    assert site.engine_proxy.hits == 1, f"dbt never wrote the model:\n{output[-6000:]}"
    assert processes[0].returncode < 0
    site.heal()


def offer_and_load(site: Site, offers: Offers) -> None:
    offers.offer_wave(is_settled=True)
    offers.new_object()
    site.settle()


def kill_at_random(site: Site, chance: random.Random) -> None:
    process = start_dbt(site)
    time.sleep(chance.uniform(1, 8))
    process.kill()
    process.communicate()


def kill_engine_while_it_fills(site: Site) -> None:
    site.engine_proxy.set_rule(once(fills_the_model, Mischief(before=site.kill_engine)))
    start_dbt(site).communicate(timeout=240)
    site.heal()


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_killed_builds_are_made_up_for(site: Site, fault_count: int, fault_seed: int) -> None:
    """The first build fills the final table directly: killed then, it leaves a part of it. One kill for ten faults."""
    chance, offers = random.Random(fault_seed), Offers(site.put, site.delete, fault_seed)
    for number in range(max(4, fault_count // 10)):
        offer_and_load(site, offers)
        if number % 4 < 2:
            kill_while_it_fills(site, is_after=number % 4 == 1)
        elif number % 4 == 2:
            kill_at_random(site, chance)
        else:
            kill_engine_while_it_fills(site)
        build(site)
        check_statements(site, offers.manifest)
