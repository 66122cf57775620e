"""How much of the lake a load looks at."""

from datetime import date

import pytest

from orchestration.loading import LoadError
from orchestration.loading.lake.scope import EVERYTHING, WEEK_DAYS, Tier, scope_of, without_nested

TODAY = date(2026, 1, 2)


class TwoSources:
    bucket = "lake"

    def list_folders(self, prefix: str) -> list[str]:
        return [f"{prefix}app/", f"{prefix}web/"]


def test_recent_is_today_and_yesterday_of_each_source_and_what_has_no_days() -> None:
    assert scope_of(TwoSources(), Tier.RECENT, TODAY).prefixes == (
        "catalog/",
        "changes/",
        "events/app/dt=2026-01-01/",
        "events/app/dt=2026-01-02/",
        "events/web/dt=2026-01-01/",
        "events/web/dt=2026-01-02/",
        "learners/",
    )


def test_the_week_holds_recent_and_goes_on_to_tomorrow() -> None:
    recent, week = (set(scope_of(TwoSources(), tier, TODAY).prefixes) for tier in (Tier.RECENT, Tier.WEEK))
    assert recent < week
    assert len(week) == 2 * (WEEK_DAYS + 1) + 3
    assert {"events/web/dt=2025-12-27/", "events/web/dt=2026-01-03/"} < week


def test_given_prefixes_are_added_once() -> None:
    scope = scope_of(TwoSources(), Tier.RECENT, TODAY, ["events/web/", "catalog/deep/", "events/x/2020/"])
    assert scope.prefixes == (
        "catalog/",
        "changes/",
        "events/app/dt=2026-01-01/",
        "events/app/dt=2026-01-02/",
        "events/web/",
        "events/x/2020/",
        "learners/",
    )


def test_everything_stays_everything() -> None:
    assert scope_of(TwoSources(), Tier.EVERYTHING, TODAY, ["events/web/"]) == EVERYTHING
    assert EVERYTHING.is_everything
    assert not scope_of(TwoSources(), Tier.WEEK, TODAY).is_everything


@pytest.mark.parametrize("prefix", ["", "e", "event/", "backup/events/", "/events/web/"])
def test_a_prefix_that_is_not_watched_is_refused(prefix: str) -> None:
    with pytest.raises(LoadError, match=r"is not watched\. Expected one below events/, catalog/, learners/, changes/"):
        scope_of(TwoSources(), Tier.RECENT, TODAY, [prefix])


def test_nested_prefixes_are_listed_once() -> None:
    assert without_nested(["a/b/", "a/", "a/b/c", "ab/", "a/"]) == ["a/", "ab/"]
    assert without_nested([]) == []
