"""Faults at random: whatever breaks, in whatever order, readers end with every line that was offered, once.

    uv run pytest -m faults --faults 100 --fault-seed 7 -s

prints, for instance: events offered 41,207 = accepted … + rejected … + parked …; faults 100 (…); lost 0; doubled 0.
"""

import pytest

from tests.faults.storm import Report, rage
from tests.faults.strikes import all_strikes
from tests.faults.warehouse_site import Site

SHORT_SEED = 3


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_a_short_storm_loses_nothing_and_doubles_nothing(site: Site, calm_site: Site, capsys) -> None:
    report = rage(site, calm_site, len(all_strikes()), SHORT_SEED)
    with capsys.disabled():
        print(f"\n{report}")
    assert report.unexplained == []


@pytest.mark.faults
@pytest.mark.timeout(4 * 3600)
def test_a_long_storm_loses_nothing_and_doubles_nothing(
    site: Site, calm_site: Site, fault_count: int, fault_seed: int, capsys
) -> None:
    def tell(report: Report) -> None:
        with capsys.disabled():
            print(f"{report.faults.total()} faults: {report.balance}", flush=True)

    report = rage(site, calm_site, fault_count, fault_seed, on_calm=tell)
    with capsys.disabled():
        print(f"\n{report}")
    assert report.unexplained == []
