"""Times of the lake that go backwards: what the lake lists is what readers get, whatever the times say."""

import pytest

from tests.faults.offers import Offers
from tests.faults.oracle import check_settled
from tests.faults.warehouse_site import Site


@pytest.fixture(scope="module")
def offers(site: Site) -> Offers:
    return Offers(site.put, site.delete, seed=12)


def test_an_object_restored_with_its_old_time_is_live_again(site: Site, offers: Offers) -> None:
    """To the bit the object that was loaded first: there is nothing to load, and yet the second one must not stay."""
    first = offers.new_object()
    modified_at = site.modified_at(first.key)
    site.settle()
    offers.overwrite(first.key)
    site.settle()
    offers.put_again(first, modified_at)
    assert site.modified_at(first.key) == modified_at
    site.settle()
    check_settled(site, offers.manifest)


def test_an_object_from_a_clock_that_was_set_back_replaces_a_newer_one(site: Site, offers: Offers) -> None:
    newer = offers.new_object()
    site.settle()
    offers.put_again(offers.draw(newer.key), modified_at=newer.put_at - 3600)
    site.settle()
    check_settled(site, offers.manifest)
    offers.overwrite(newer.key)
    site.settle()
    check_settled(site, offers.manifest)
