"""Faults of processes: killed, down, asleep, at once, too late, with a wrong clock, or without an answer."""

from tests.faults.loader_process import Loader, Orders
from tests.faults.proxy import Mischief, once
from tests.faults.strikes import STEPS, Scene, insert_into, reads_an_object, sleep_into_load, strike


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
