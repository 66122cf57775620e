"""How far the marts reach: watermarks, how late events were delivered, and the last builds. All of it is read as dbt
has built it; before the first build there is nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from clickhouse_connect.driver.client import Client

LATENESS_DAYS = 30
"""Deliveries of the 30 days up to the latest one: what a schedule or a watermark must wait for today, and a bounded
read however long the history."""


@dataclass(frozen=True)
class Watermark:
    """How far the events of a source reach; the source 'all' is the warehouse."""

    source: str
    latest_occurred_at: datetime
    complete_through_at: datetime


@dataclass(frozen=True)
class Lateness:
    """Seconds from an event to its delivery, over the delivered copies of a source; negative: a clock ran ahead."""

    source: str
    deliveries: int
    p50_seconds: float
    p90_seconds: float
    p99_seconds: float
    max_seconds: float


def watermarks(client: Client) -> list[Watermark]:
    """From marts.agg_data_watermark."""
    if not _is_built(client, "agg_data_watermark"):
        return []
    rows = client.query(
        "select source, latest_occurred_at, complete_through_at from marts.agg_data_watermark order by source"
    ).result_rows
    return [Watermark(*row) for row in rows]


def lateness(client: Client) -> list[Lateness]:
    """From marts.fct_event_deliveries: its own column, as quantiles per source."""
    if not _is_built(client, "fct_event_deliveries"):
        return []
    rows = client.query(
        """
        select source, count(), quantilesTDigest(0.5, 0.9, 0.99)(toFloat64(lateness_seconds)), max(lateness_seconds)
        from marts.fct_event_deliveries
        where delivered_at > (select max(delivered_at) from marts.fct_event_deliveries) - toIntervalDay({days:UInt32})
        group by source
        order by source
        """,
        parameters={"days": LATENESS_DAYS},
    ).result_rows
    return [
        Lateness(source, int(count), *(round(float(quantile), 3) for quantile in quantiles), float(latest))
        for source, count, quantiles, latest in rows
    ]


def _is_built(client: Client, mart: str) -> bool:
    return bool(
        client.query(
            "select count() from system.tables where database = 'marts' and name = {mart:String}",
            parameters={"mart": mart},
        ).result_rows[0][0]
    )
