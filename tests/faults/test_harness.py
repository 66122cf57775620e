"""The harness itself: a verdict that cannot fail proves nothing, and a proxy that misses its moment hits air."""

import random

import pytest

from tests.faults.lake_reader import read_lake
from tests.faults.offers import LARGE, Manifest, Offers
from tests.faults.oracle import Watch, balance, check_manifest_against_lake
from tests.faults.proxy import Request
from tests.faults.strikes import STEPS, Scene
from tests.faults.strikes_at_processes import kill_at_step
from tests.faults.warehouse_site import LIVE, RAW, Site


@pytest.fixture(scope="module")
def offers(site: Site) -> Offers:
    """A settled warehouse with some of everything."""
    made = Offers(site.put, site.delete, seed=1)
    for _ in range(3):
        made.offer_wave(is_settled=False)
    made.new_object(LARGE)
    made.new_broken_object()
    site.settle()
    return made


def test_a_warehouse_without_faults_holds_what_was_offered(site: Site, offers: Offers) -> None:
    result = balance(site, offers.manifest)
    assert result.is_even, result
    assert min(result.accepted, result.rejected, result.parked) > 0, "nothing of one kind was offered"
    check_manifest_against_lake(site, offers.manifest)


def test_both_readers_of_the_lake_must_agree(site: Site, offers: Offers) -> None:
    key = offers.new_large_plain_object().key
    site.put(key, b'{"another": "content"}\n')
    with pytest.raises(AssertionError, match="disagree"):
        check_manifest_against_lake(site, offers.manifest)
    assert len(read_lake(site.s3, site.bucket)[key]) == 1
    site.put(key, offers.manifest.versions[key][-1].body)
    site.settle()


def test_a_doubled_line_is_seen(site: Site, offers: Offers) -> None:
    site.client.command(f"insert into {RAW} select * from {RAW} where (load_id, object_id) in ({LIVE}) limit 1")
    result = balance(site, offers.manifest)
    assert (result.doubled, result.lost, result.is_even) == (1, 0, False)
    with pytest.raises(AssertionError, match="its rows are not those"):
        Watch().look(site, offers.manifest)


def test_a_lost_line_is_seen(site: Site, offers: Offers) -> None:
    load_id, object_id, lines = site.client.query(
        "select load_id, object_id, line_count from ops.live_objects order by line_count desc limit 1"
    ).result_rows[0]
    site.client.command(
        f"delete from {RAW} where load_id = {{load_id:String}} and object_id = {{object_id:String}}",
        parameters={"load_id": load_id, "object_id": object_id},
    )
    result = balance(site, offers.manifest)
    assert (result.lost, result.is_even) == (lines, False)


def test_a_line_that_nobody_offered_is_seen(site: Site, offers: Offers) -> None:
    """A warehouse of other lines, to a manifest that is empty."""
    result = balance(site, Manifest())
    assert result.foreign == result.accepted + result.rejected > 0
    with pytest.raises(AssertionError, match="never offered"):
        Watch().look(site, Manifest())


@pytest.mark.parametrize("step", STEPS)
def test_each_step_of_a_load_can_be_struck(site: Site, offers: Offers, step: str) -> None:
    """A step whose INSERT the proxy no longer recognises would count as survived without having been struck."""
    offers.new_object()
    assert kill_at_step(Scene(site, offers, random.Random(1)), step, is_after=True)
    site.heal()


def test_an_insert_is_recognised_however_it_is_sent() -> None:
    assert Request("POST", "/?query=INSERT+INTO+%60ops%60.%60load_plan%60+FORMAT+Native", b"").is_insert_into(
        "ops.load_plan"
    )
    assert Request("POST", "/", b"\n insert  into ops.load_plan\n(a) select 1").is_insert_into("ops.load_plan")
    assert not Request("POST", "/", b"select 'insert' from ops.load_plan").is_insert_into("ops.load_plan")
