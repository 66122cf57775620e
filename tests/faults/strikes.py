"""The faults. Each runs loaders while something breaks, and says whether the break met them at work.

A strike begins with healthy services and due objects, and may leave anything behind; the storm heals the services.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.loader_process import Loader, Orders
from tests.faults.offers import TINY, Offers
from tests.faults.proxy import Mischief, Request, Rule, once
from tests.faults.warehouse_site import RAW, Site

STEPS = {
    "plan": "ops.load_plan",
    "land": RAW,
    "commit": "ops.load_commits",
    "profile": "ops.object_profiles",
    "gate": "ops.load_gates",
}
"""Step of a load → the table that its INSERT goes to. `audit` lies between the reply to land and the commit."""


@dataclass(frozen=True)
class Scene:
    """Where a strike happens: the warehouse, what is offered to it, and the dice."""

    site: Site
    offers: Offers
    chance: random.Random
    unexplained: list[str] = field(default_factory=list)
    """Errors of loaders that tell a person nothing: no line is lost by them, and yet each is a defect."""

    def let_load(self, orders: Orders | None = None, must_fail: bool = False) -> None:
        """One loader from start to end."""
        self.let_end(self.site.start_loader(orders), must_fail)

    def let_end(self, loader: Loader, must_fail: bool = False) -> None:
        """Wait for a loader that nobody killed: it may fail, but with a sentence that a person can act on."""
        outcome = loader.join()
        assert outcome is not None, "the loader died although nobody killed it"
        assert outcome.error or not must_fail, "a load that could do nothing reported success"
        if not outcome.is_explained:
            self.unexplained.append(outcome.error)


Strike = Callable[[Scene], bool]
STRIKES: dict[str, Strike] = {}


def strike(name: str) -> Callable[[Strike], Strike]:
    """Enter a fault into the registry, under the name that the report gives it."""

    def enter(function: Strike) -> Strike:
        STRIKES[name] = function
        return function

    return enter


def insert_into(table: str) -> Callable[[Request], bool]:
    return lambda request: request.is_insert_into(table)


def reads_an_object(request: Request) -> bool:
    """A GET of an object's bytes, not of a listing."""
    return request.method == "GET" and "list-type" not in request.path


def every(matches: Callable[[Request], bool], share: float, chance: random.Random, mischief: Mischief) -> Rule:
    """The mischief for a share of the requests that match."""
    return lambda request: mischief if matches(request) and chance.random() < share else None


def sleep_into_load(scene: Scene) -> None:
    """Until some moment of a load, as long as loads take on this machine."""
    time.sleep(scene.chance.uniform(0.02, scene.site.load_seconds))


@strike("loader killed at a random moment")
def kill_loader(scene: Scene) -> bool:
    loader = scene.site.start_loader()
    sleep_into_load(scene)
    return loader.kill()


@strike("loader killed at a step boundary")
def kill_loader_at_step(scene: Scene) -> bool:
    return kill_at_step(scene, scene.chance.choice(list(STEPS)), is_after=scene.chance.random() < 0.6)


def kill_at_step(scene: Scene, step: str, is_after: bool) -> bool:
    """SIGKILL of the loader when it asks for the step's INSERT, or when the engine has done it."""
    loaders: list[Loader] = []

    def kill() -> None:
        loaders[0].process.kill()

    # Killed before the INSERT, it may have sent it or not: the engine works on for a client that has gone.
    before = Mischief(before=kill, is_refused=scene.chance.random() < 0.5)
    mischief = Mischief(after=kill, cut_at=0) if is_after else before
    scene.site.engine_proxy.set_rule(once(insert_into(STEPS[step]), mischief))
    loaders.append(scene.site.start_loader())
    loaders[0].process.join(60)
    return scene.site.engine_proxy.wait_until_idle()


@strike("engine killed at a random moment")
def kill_engine(scene: Scene) -> bool:
    loader = scene.site.start_loader()
    sleep_into_load(scene)
    was_at_work = loader.is_alive()
    scene.site.kill_engine()
    scene.let_end(loader)
    return was_at_work


@strike("engine killed at a step boundary")
def kill_engine_at_step(scene: Scene) -> bool:
    step = scene.chance.choice(list(STEPS))
    kill = scene.site.kill_engine
    mischief = scene.chance.choice((Mischief(before=kill), Mischief(after=kill, cut_at=0), Mischief(after=kill)))
    scene.site.engine_proxy.set_rule(once(insert_into(STEPS[step]), mischief))
    scene.let_load()
    return scene.site.engine_proxy.hits > 0


@strike("engine killed while it lands")
def kill_engine_while_it_lands(scene: Scene) -> bool:
    """The answer to an object's bytes is what the engine waits for in the middle of its INSERT."""
    reads = once(reads_an_object, Mischief(halfway=scene.site.kill_engine), at_call=scene.chance.randint(1, 3))
    scene.site.lake_proxy.set_rule(reads)
    scene.let_load()
    return scene.site.lake_proxy.hits > 0


@strike("engine down for a while")
def keep_engine_down(scene: Scene) -> bool:
    scene.site.kill_engine()
    for _ in range(2):
        scene.let_load(must_fail=True)
    return True


@strike("lake killed")
def kill_lake(scene: Scene) -> bool:
    loader = scene.site.start_loader()
    sleep_into_load(scene)
    scene.site.kill_lake()
    scene.let_end(loader)
    return True


@strike("lake out of reach for a while")
def keep_lake_down(scene: Scene) -> bool:
    """An outage is nobody's fault: no object may be recorded as failed for it."""
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


@strike("insert cancelled half way")
def cancel_insert(scene: Scene) -> bool:
    """Half of an object is there when the INSERT is killed by its id, as an operator or a time limit does it."""
    site = scene.site

    def cancel() -> None:
        site.client.command("kill query where query_kind = 'Insert' sync")

    site.lake_proxy.set_rule(once(reads_an_object, Mischief(halfway=cancel)))
    scene.let_load()
    return site.lake_proxy.hits > 0


@strike("insert fails on a broken object")
def offer_broken_object(scene: Scene) -> bool:
    scene.offers.new_broken_object()
    outcome = scene.site.load()
    assert outcome, "the loader died although nobody killed it"
    assert outcome.error == "", outcome.error
    return True


@strike("object overwritten while it is read")
def overwrite_while_reading(scene: Scene) -> bool:
    """The new version is put when the engine has half of the old one."""
    key = scene.offers.new_large_plain_object().key
    scene.site.lake_proxy.set_rule(once(reads_an_object, Mischief(halfway=lambda: scene.offers.overwrite(key))))
    scene.let_load()
    return scene.site.lake_proxy.hits > 0


@strike("reply lost")
def lose_reply(scene: Scene) -> bool:
    """The engine has done it, the loader never hears of it; for the commit above all."""
    step = scene.chance.choice(("commit", "commit", "land", "plan", "gate"))
    scene.site.engine_proxy.set_rule(once(insert_into(STEPS[step]), Mischief(cut_at=0)))
    scene.let_load()
    return scene.site.engine_proxy.hits > 0


@strike("three loaders at once")
def race_loaders(scene: Scene) -> bool:
    loaders = [scene.site.start_loader() for _ in range(3)]
    if scene.chance.random() < 0.5:
        sleep_into_load(scene)
        loaders.pop().kill()
    for loader in loaders:
        scene.let_end(loader)
    return True


@strike("ledger restored from an older copy")
def restore_ledger(scene: Scene) -> bool:
    """Commits are forgotten, their rows are not: they must neither count nor be lost."""
    client = scene.site.client
    tables = [
        name
        for (name,) in client.query(
            "select name from system.tables where database = 'ops' and engine like '%MergeTree'"
        ).result_rows
    ]
    client.command("create database ops_copy")
    for table in tables:
        client.command(f"create table ops_copy.{table} as ops.{table}")
        client.command(f"insert into ops_copy.{table} select * from ops.{table}")
    scene.let_load()
    scene.offers.new_object(TINY)
    scene.let_load()
    for table in tables:
        client.command(f"exchange tables ops.{table} and ops_copy.{table}")
    client.command("drop database ops_copy sync")
    return True


@strike("disk full")
def fill_disk(scene: Scene) -> bool:
    """The engine refuses to write a part, as it does below its threshold of free space."""
    table = scene.chance.choice([RAW, "ops.load_commits", "ops.load_gates", "ops.load_plan"])
    threshold = "min_free_disk_bytes_to_perform_insert"
    scene.site.client.command(f"alter table {table} modify setting {threshold} = 1000000000000000000")
    try:
        scene.let_load(must_fail=True)
    finally:
        scene.site.client.command(f"alter table {table} reset setting {threshold}")
    return True


@strike("clock of a loader wrong")
def set_clock(scene: Scene) -> bool:
    """A loader whose clock is days off stops between land and commit, while one that is right loads, or tidies up."""
    site = scene.site
    meanwhile = scene.chance.choice((scene.let_load, lambda: scene.let_end(site.start_loader(of_empty_lake=True))))
    site.engine_proxy.set_rule(once(insert_into("ops.load_commits"), Mischief(before=meanwhile)))
    scene.let_load(Orders(clock_hours=scene.chance.choice((-1000, -30, -13, 30, 1000))))
    return True


@strike("loader asleep while others load")
def sleep_between_steps(scene: Scene) -> bool:
    """A laptop is closed between two steps; the loader that wakes up must not count what another has loaded."""
    site = scene.site
    step = scene.chance.choice(("land", "commit", "gate"))
    site.engine_proxy.set_rule(once(insert_into(STEPS[step]), Mischief(before=scene.let_load)))
    scene.let_load()
    return site.engine_proxy.hits > 0


@strike("request arrives late")
def deliver_late(scene: Scene) -> bool:
    """The loader is dead and another has loaded when its last INSERT reaches the engine."""
    site = scene.site
    loaders: list[Loader] = []

    def outlive() -> None:
        loaders[0].process.kill()
        scene.let_load()

    step = scene.chance.choice(list(STEPS))
    site.engine_proxy.set_rule(once(insert_into(STEPS[step]), Mischief(before=outlive)))
    loaders.append(site.start_loader())
    loaders[0].process.join(60)
    return site.engine_proxy.wait_until_idle()
