-- One row per day: events of all sources, and those that the same hours of earlier weeks let expect.
select
    toDate(hour_at) as event_date,
    sum(event_count) as day_count,
    sum(ifNull(usual_volume, toFloat64(event_count))) as usual_count
from marts.agg_source_hours
group by event_date
order by event_date
