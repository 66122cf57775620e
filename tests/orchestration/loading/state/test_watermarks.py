"""How far the marts reach, as far as they are built."""

from orchestration.loading.state.watermarks import Lateness, lateness, watermarks


def test_before_the_first_build_there_is_nothing(warehouse) -> None:
    assert watermarks(warehouse) == []
    assert lateness(warehouse) == []


def test_lateness_is_of_the_latest_deliveries_by_source(warehouse) -> None:
    warehouse.command("create database if not exists marts")
    warehouse.command(
        "create table marts.fct_event_deliveries (source String, delivered_at DateTime64(3, 'UTC'), "
        "lateness_seconds Decimal(18, 3)) engine = MergeTree order by source"
    )
    assert lateness(warehouse) == [], "a mart without rows"
    warehouse.command(
        "insert into marts.fct_event_deliveries "
        "select 'web', toDateTime64('2026-03-01', 3, 'UTC'), number from numbers(101) "
        "union all select 'web', toDateTime64('2026-01-01', 3, 'UTC'), 1000000 "
        "union all select 'mobile', toDateTime64('2026-02-20', 3, 'UTC'), -1.5"
    )
    assert lateness(warehouse) == [
        Lateness("mobile", 1, -1.5, -1.5, -1.5, -1.5),
        Lateness("web", 101, 50.0, 90.0, 99.0, 100.0),
    ]


def test_watermarks_are_the_marts_own(warehouse) -> None:
    warehouse.command(
        "create table marts.agg_data_watermark (source String, latest_occurred_at DateTime64(3, 'UTC'), "
        "complete_through_at DateTime64(3, 'UTC')) engine = MergeTree order by source "
        "as select 'all', toDateTime64('2026-03-01', 3, 'UTC'), toDateTime64('2026-02-28', 3, 'UTC')"
    )
    [watermark] = watermarks(warehouse)
    assert (watermark.source, watermark.latest_occurred_at.day, watermark.complete_through_at.day) == ("all", 1, 28)
