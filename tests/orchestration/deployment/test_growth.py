"""What a year costs: the pages say what the module computes."""

from dataclasses import replace

import pytest

from orchestration.deployment.growth import BUILD_CPU_SECONDS, HISTORY_CPU_SECONDS, GrowthPlan, main, months, table
from orchestration.settings import PROJECT_ROOT

DOCS = PROJECT_ROOT / "docs"


def largest_history(cores: int, build_seconds: float) -> int:
    """Statements that a build of so many seconds can still look at, if all cores work all the time."""
    return int((build_seconds * cores - BUILD_CPU_SECONDS) / HISTORY_CPU_SECONDS)


def test_the_page_has_the_table_of_today() -> None:
    page = (DOCS / "beyond-one-machine.md").read_text()
    assert table(GrowthPlan()) in page
    *_, last = months(replace(GrowthPlan(), builds_per_day=144))
    assert f"ends at {last.mean_cores:.0f} cores" in page


@pytest.mark.parametrize("cores", [16, 32, 64])
def test_the_page_says_how_far_cores_reach(cores: int) -> None:
    ten_minutes, night = largest_history(cores, 600), largest_history(cores, 4 * 3600)
    row = f"| {cores} | {ten_minutes / 1e9:.1f} billion"
    assert row in (DOCS / "run-it-for-a-year.md").read_text()
    assert f"| {night / 1e9:.0f} billion" in (DOCS / "run-it-for-a-year.md").read_text()


def test_a_million_costs_what_was_measured() -> None:
    (first,) = months(GrowthPlan(per_day=1_000_000, kept_days=1, replicas=1), 1)
    assert first.disk_terabytes == pytest.approx(488e-6)
    assert first.build_core_hours * 3600 == pytest.approx(12 + 3.6 + 128)


def test_what_is_not_kept_costs_nothing(capsys: pytest.CaptureFixture) -> None:
    kept = [month.statements for month in months(GrowthPlan(per_day=10, kept_days=60))]
    assert kept[:3] == [300, 600, 600]
    main(["--per-day", "1000", "--kept-days", "30"])
    assert "0.0 billion" in capsys.readouterr().out
