"""The suites on the published data, per source: warnings only, nothing is held.

Each looks at one mart, one row per source (or source and hour, or verb), and has the same form as the suites on a load:
a count, what is expected at most, and by how much it is over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.expectations.limits import Limit
from orchestration.expectations.thresholds import thresholds

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.core import ExpectationSuiteValidationResult


@dataclass(frozen=True)
class PublishedSuite:
    """A mart, the check that each limit on its rows belongs to, and the columns that name a row."""

    mart: str
    named_by: str
    limits: dict[str, Limit]
    """Column of the limit → itself."""
    checks: dict[str, str]
    """Column of the limit → name of the asset check."""

    @property
    def query(self) -> str:
        facts = ", ".join(column for limit in self.limits.values() for column in limit.facts)
        return f"select source, {self.named_by} as name, {facts} from marts.{self.mart}"

    @property
    def suite(self) -> "ExpectationSuite":
        from great_expectations import ExpectationSuite
        from great_expectations.expectations import ExpectColumnValuesToBeBetween

        return ExpectationSuite(
            name=self.mart,
            expectations=[
                ExpectColumnValuesToBeBetween(column=column, max_value=0, severity=severity, description=limit.meaning)
                for limit in self.limits.values()
                for column, severity in limit.expected_zero
            ],
        )


@dataclass(frozen=True)
class PublishedAlert:
    """Rows of a source that one expectation found at fault."""

    check: str
    source: str
    detail: str
    row_count: int


def published_suites() -> list[PublishedSuite]:
    return [
        _published("agg_source_health", "''", _source_limits()),
        _published("agg_source_hours", "substring(toString(hour_at), 1, 16)", _hour_limits()),
        _published(
            "fct_required_verbs",
            "verb",
            [("required_verbs_are_seen", Limit("unseen", "verbs never seen", "event_count = 0", "0"))],
        ),
    ]


def _published(mart: str, named_by: str, limits: list[tuple[str, Limit]]) -> PublishedSuite:
    return PublishedSuite(
        mart, named_by, {limit.column: limit for _, limit in limits}, {limit.column: check for check, limit in limits}
    )


def _source_limits() -> list[tuple[str, Limit]]:
    limits_set = thresholds()

    def share(column: str, meaning: str, ratio: float, whole: str) -> Limit:
        return Limit(column, meaning, f"ifNull({column}, 0)", f"floor({ratio} * {whole})")

    # A source that ended long ago was reported until then, and is a source of the past.
    silence = "dateDiff('hour', latest_delivered_at, now64(3, 'UTC'))"
    is_over = f"{silence} > {limits_set.ended_hours}"
    silent = f"if({is_over}, 0, {silence})"
    behind = f"if({is_over}, 0, floor(ifNull(behind_seconds, 0) / 3600))"
    orphans = "activities_have_their_place"
    return [
        # The clock is asked here, in a look at the data, and nowhere in a model: the marts must not depend on it.
        (
            "sources_are_fresh",
            Limit("silent", "hours since the last delivery", silent, str(limits_set.silent_hours_max)),
        ),
        (
            "sources_are_fresh",
            Limit("behind", "hours behind the newest source", behind, str(limits_set.behind_hours_max)),
        ),
        (
            "lines_are_accepted",
            share("rejected_count", "refused lines", limits_set.refused_ratio_max, "line_count"),
        ),
        (
            "deliveries_are_in_time",
            share("gate_late_count", "late deliveries", limits_set.late_ratio_max, "delivery_count"),
        ),
        (
            "deliveries_come_once",
            share("redelivery_count", "repeated deliveries", limits_set.redelivery_ratio_max, "delivery_count"),
        ),
        (
            "statements_have_one_content",
            share("conflict_count", "statements with two contents", limits_set.conflict_ratio_max, "event_count"),
        ),
        (
            "plays_have_an_end",
            share("open_play_count", "plays without an end", limits_set.open_interval_ratio_max, "play_count"),
        ),
        (
            orphans,
            share("without_course_count", "events in no course", limits_set.orphan_ratio_max, "event_count"),
        ),
        (
            orphans,
            share("uncatalogued_count", "events outside the catalogue", limits_set.orphan_ratio_max, "event_count"),
        ),
    ]


def _hour_limits() -> list[tuple[str, Limit]]:
    limits_set = thresholds()
    usual = "ifNull(usual_volume, 0)"
    is_judged = f"{usual} >= {limits_set.volume_events_min}"
    check = "volumes_are_as_usual"
    missing = f"if({is_judged}, greatest(0, {usual} - event_count), 0)"
    surplus = f"if({is_judged}, greatest(0, event_count - {usual}), 0)"
    return [
        (
            check,
            Limit(
                "missing",
                "events fewer than in this hour of earlier weeks",
                missing,
                f"floor({1 - limits_set.volume_ratio_min} * {usual})",
            ),
        ),
        (
            check,
            Limit(
                "surplus",
                "events more than in this hour of earlier weeks",
                surplus,
                f"floor({limits_set.volume_ratio_max - 1} * {usual})",
            ),
        ),
    ]


def alerts_of(suite: PublishedSuite, result: "ExpectationSuiteValidationResult") -> Iterator[PublishedAlert]:
    """One alert per failed expectation and source: the worst row in words, and how many rows there are."""
    for expectation in result.results:
        if expectation.success:
            continue
        over = expectation.expectation_config.kwargs["column"]
        limit = suite.limits[over.removesuffix("_over_expected")]
        rows = expectation.result["unexpected_index_list"]
        for source in sorted({row["source"] for row in rows}):
            own = [row for row in rows if row["source"] == source]
            worst = max(
                own, key=lambda row: (row[f"{limit.column}_found"] - row[f"{limit.column}_expected"], row["name"])
            )
            name = f" ({worst['name']})" if worst["name"] else ""
            value, expected = worst[f"{limit.column}_found"], worst[f"{limit.column}_expected"]
            detail = f"{limit.meaning}: {value}, at most {expected} expected{name}"
            yield PublishedAlert(suite.checks[limit.column], source, detail, len(own))
