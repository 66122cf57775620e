"""Faults of the lake: out of reach, wrong answers, half answers, slow ones, and objects that change meanwhile."""

from tests.faults.proxy import Mischief, once
from tests.faults.strikes import Scene, every, reads_an_object, sleep_into_load, strike


@strike("lake out of reach for a while")
def keep_lake_down(scene: Scene) -> bool:
    """An outage is no object's fault: no object may be recorded as failed for it."""
    before = failure_count(scene)
    scene.site.lake_proxy.set_rule(lambda request: Mischief(is_refused=True))
    scene.let_load(must_fail=True)
    assert failure_count(scene) == before, "an outage of the lake was recorded as a fault of objects"
    return True


def failure_count(scene: Scene) -> int:
    return scene.site.client.query("select count() from ops.object_failures").result_rows[0][0]


@strike("lake answers 500 and 503")
def answer_errors(scene: Scene) -> bool:
    rule = every(
        lambda request: True,
        scene.chance.uniform(0.2, 0.9),
        scene.chance,
        Mischief(status=scene.chance.choice((500, 503))),
    )
    scene.site.lake_proxy.set_rule(rule)
    scene.let_load()
    return scene.site.lake_proxy.hits > 0


@strike("lake cuts its answers")
def cut_answers(scene: Scene) -> bool:
    mischief = Mischief(cut_at=scene.chance.choice((0.0, 0.3, 0.9)))
    scene.site.lake_proxy.set_rule(every(reads_an_object, scene.chance.uniform(0.2, 0.8), scene.chance, mischief))
    scene.let_load()
    return scene.site.lake_proxy.hits > 0


@strike("lake slow")
def answer_slowly(scene: Scene) -> bool:
    mischief = Mischief(delay_seconds=scene.chance.uniform(0.1, 0.4))
    scene.site.lake_proxy.set_rule(every(lambda request: True, 0.5, scene.chance, mischief))
    loader = scene.site.start_loader()
    if scene.chance.random() < 0.5:
        sleep_into_load(scene)
        loader.kill()
    else:
        scene.let_end(loader)
    return scene.site.lake_proxy.hits > 0


@strike("object overwritten while it is read")
def overwrite_while_reading(scene: Scene) -> bool:
    """The new version is put when the engine has half of the old one."""
    key = scene.offers.new_large_plain_object().key
    scene.site.lake_proxy.set_rule(once(reads_an_object, Mischief(halfway=lambda: scene.offers.overwrite(key))))
    scene.let_load()
    return scene.site.lake_proxy.hits > 0
