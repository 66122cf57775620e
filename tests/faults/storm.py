"""A storm: faults drawn by a seed, deliveries between them, and a verdict after every few."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.offers import Offers
from tests.faults.oracle import Balance, Watch, check_manifest_against_lake, check_settled
from tests.faults.strikes import Scene, all_strikes
from tests.faults.warehouse_site import Site

STRIKES_BETWEEN_CALMS = (2, 5)
"""Faults that may pile up before everything must be right again."""


@dataclass
class Report:
    """What was done to the warehouse, and what it did with what it was offered."""

    seed: int
    balance: Balance | None = None
    faults: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    """Faults that found nothing at work, for instance a loader that had ended before it was killed."""
    loads_to_settle: int = 0
    longest_delay: float = 0.0
    unexplained: list[str] = field(default_factory=list)
    """Errors of loaders that tell a person nothing."""

    def __str__(self) -> str:
        of = self.balance
        kills = sum(count for name, count in self.faults.items() if "killed" in name)
        kinds = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        return (
            f"events offered {of.offered:,} = accepted {of.accepted:,} + rejected {of.rejected:,} + "
            f"parked {of.parked:,}; faults {self.faults.total()}, {kills} of them kills ({kinds}); "
            f"lost {of.lost}; doubled {of.doubled}; longest delay {self.longest_delay:.1f} s; seed {self.seed}"
        )


def rage(
    site: Site, calm_site: Site, count: int, seed: int, on_calm: Callable[[Report], None] = lambda report: None
) -> Report:
    """Strike until `count` faults have hit, each kind in turn in a drawn order; check whenever it calms down.

    `calm_site` reads the same lake and is never struck: in the end both must hold the same lines.
    """
    chance = random.Random(seed)
    offers = Offers(site.put, site.delete, seed)
    scene = Scene(site, offers, chance)
    watch, report = Watch(), Report(seed, unexplained=scene.unexplained)
    strikes, deck = all_strikes(), []
    is_settled, until_calm = True, chance.randint(*STRIKES_BETWEEN_CALMS)
    while report.faults.total() < count:
        deck = deck or chance.sample(list(strikes), len(strikes))
        name = deck.pop()
        offers.offer_wave(is_settled)
        try:
            has_hit = strikes[name](scene)
            (report.faults if has_hit else report.missed)[name] += 1
            site.heal()
            watch.look(site, offers.manifest, may_go_back=name.startswith("ledger restored"))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, fault {report.faults.total()}, {name}: {error}") from error
        is_settled, until_calm = False, until_calm - 1
        if until_calm <= 0 or report.faults.total() == count:
            _calm_down(site, calm_site, offers, watch, report, name)
            on_calm(report)
            is_settled, until_calm = True, chance.randint(*STRIKES_BETWEEN_CALMS)
    check_manifest_against_lake(site, offers.manifest)
    report.longest_delay = max(watch.delays.values(), default=0.0)
    return report


def _calm_down(site: Site, calm_site: Site, offers: Offers, watch: Watch, report: Report, last: str) -> None:
    try:
        report.loads_to_settle += site.settle()
        watch.look(site, offers.manifest)
        report.balance = check_settled(site, offers.manifest)
        calm_site.settle()
        differing = {(key, live.digest) for key, live in site.live_objects().items()} ^ {
            (key, live.digest) for key, live in calm_site.live_objects().items()
        }
        assert not differing, f"a warehouse without faults holds other lines: {sorted(differing)[:5]}"
    except AssertionError as error:
        raise AssertionError(f"seed {report.seed}, after fault {report.faults.total()}, {last}: {error}") from error
