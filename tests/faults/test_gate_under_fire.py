"""Great Expectations itself as the gate, in a load that is killed around its verdict."""

import random

import pytest

from tests.faults.loader_process import Orders
from tests.faults.offers import MEDIUM, Offers
from tests.faults.oracle import Watch, check_settled
from tests.faults.strikes import Scene, kill_at_step
from tests.faults.warehouse_site import Site


def test_a_load_killed_before_its_verdict_is_judged_by_the_next_one(site: Site) -> None:
    offers = Offers(site.put, site.delete, seed=5)
    offers.new_object(MEDIUM)
    watch = Watch()
    assert kill_at_step(Scene(site, offers, random.Random(5)), "commit", is_after=True)
    site.heal()
    watch.look(site, offers.manifest)
    assert watch.seen == {}, "readers see what nobody has judged"
    outcome = site.load(Orders(has_real_gate=True))
    assert outcome.error == ""
    assert outcome.object_count == 0, "a committed object was loaded again"
    watch.look(site, offers.manifest)
    assert watch.seen.keys() == offers.manifest.expected_live().keys()
    assert check_settled(site, offers.manifest).is_even


@pytest.mark.parametrize("is_after", [False, True])
def test_a_load_killed_at_its_verdict_is_published_once(site: Site, is_after: bool) -> None:
    """Its profile is written twice then, and must not count twice."""
    offers = Offers(site.put, site.delete, seed=6)
    offers.new_object(MEDIUM)
    assert kill_at_step(Scene(site, offers, random.Random(6)), "gate", is_after=is_after)
    site.heal()
    outcome = site.load(Orders(has_real_gate=True))
    assert outcome.error == ""
    assert {key: digest for key, (_, digest) in site.live_digests().items()}.items() >= {
        (key, version.digest) for key, version in offers.manifest.expected_live().items()
    }
