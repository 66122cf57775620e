"""Great Expectations itself as the gate, in loads that are killed around its verdict."""

import random

from tests.faults.loader_process import Orders
from tests.faults.offers import MEDIUM, Offers
from tests.faults.oracle import Watch, check_settled
from tests.faults.strikes import Scene
from tests.faults.strikes_at_processes import kill_at_step
from tests.faults.warehouse_site import Site


def test_killed_loads_are_judged_by_the_next_one_and_published_once(site: Site) -> None:
    """One load dies before its verdict, one at it; the profile of the latter is written twice, and must count once."""
    offers, watch = Offers(site.put, site.delete, seed=5), Watch()
    for step, is_after in (("commit", True), ("gate", False)):
        offers.new_object(MEDIUM)
        assert kill_at_step(Scene(site, offers, random.Random(5)), step, is_after)
        site.heal()
        watch.look(site, offers.manifest)
        assert step == "gate" or watch.seen == {}, "readers see what has not been judged"
    outcome = site.load(Orders(has_real_gate=True))
    assert outcome.error == ""
    assert outcome.object_count == 0, "a committed object was loaded again"
    watch.look(site, offers.manifest)
    assert watch.seen.keys() == offers.manifest.expected_live().keys()
    assert check_settled(site, offers.manifest).is_even
