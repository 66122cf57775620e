"""Ten thousand tiny objects and one big one, in one load that is struck while it works."""

import random

import pytest

from tests.faults.offers import TINY, Offers
from tests.faults.oracle import Watch, check_settled
from tests.faults.strikes import Scene, all_strikes
from tests.faults.warehouse_site import Site

TINY_OBJECTS = 10_000


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_many_tiny_objects_and_a_big_one_arrive_together(site: Site, fault_seed: int) -> None:
    offers, chance, watch = Offers(site.put, site.delete, fault_seed), random.Random(fault_seed), Watch()
    for _ in range(TINY_OBJECTS):
        offers.new_object(TINY)
    offers.new_object((150_000, 150_000))
    site.load_seconds = 10.0
    for name in ("loader killed at a random moment", "engine killed at a random moment", "three loaders at once"):
        all_strikes()[name](Scene(site, offers, chance))
        site.heal()
        watch.look(site, offers.manifest)
    site.settle()
    watch.look(site, offers.manifest)
    assert check_settled(site, offers.manifest).is_even
