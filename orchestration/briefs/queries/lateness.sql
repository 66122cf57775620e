-- One row per source and day of delivery of the four weeks up to the end of the brief's week.
select
    source,
    delivered_date,
    event_count,
    lateness_median_seconds,
    lateness_p90_seconds,
    lateness_p99_seconds
from marts.agg_lateness
where delivered_date >= {week:Date} - 21
order by source, delivered_date
