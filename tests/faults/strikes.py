"""The faults. Each runs loaders while something breaks, and says whether the break met them at work.

A strike begins with healthy services and due objects, and may leave anything behind; the storm heals the services.
"""

import importlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.loader_process import Loader, Orders
from tests.faults.offers import Offers
from tests.faults.proxy import Mischief, Request, Rule
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
        """Wait for a loader that was not killed: it may fail, but with a sentence that a person can act on."""
        outcome = loader.join()
        assert outcome is not None, "the loader died although it was not killed"
        assert outcome.error or not must_fail, "a load that could do nothing reported success"
        if not outcome.is_explained:
            self.unexplained.append(outcome.error)


Strike = Callable[[Scene], bool]
STRIKES: dict[str, Strike] = {}
"""Name → fault; filled by the modules strikes_at_… when they are imported (see `all_strikes`)."""


def strike(name: str) -> Callable[[Strike], Strike]:
    """Enter a fault into the registry, under the name that the report gives it."""

    def enter(function: Strike) -> Strike:
        STRIKES[name] = function
        return function

    return enter


def all_strikes() -> dict[str, Strike]:
    """Every fault there is, by name."""
    for what in ("lake", "processes", "tables"):
        importlib.import_module(f"tests.faults.strikes_at_{what}")
    return dict(sorted(STRIKES.items()))


def insert_into(table: str) -> Callable[[Request], bool]:
    return lambda request: request.is_insert_into(table)


def reads_an_object(request: Request) -> bool:
    """A GET of an object's bytes, not of a listing."""
    return request.method == "GET" and "list-type" not in request.path


def every(matches: Callable[[Request], bool], share: float, chance: random.Random, mischief: Mischief) -> Rule:
    """The mischief for a share of the requests that match."""
    own = random.Random(chance.random())  # how often it is asked is not in the seed's hands, what follows is
    return lambda request: mischief if matches(request) and own.random() < share else None


def sleep_into_load(scene: Scene) -> None:
    """Until some moment of a load, as long as loads take on this machine."""
    time.sleep(scene.chance.uniform(0.02, scene.site.load_seconds))
