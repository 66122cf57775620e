-- One row per source: how much of it counts, and how far its data reach.
select
    source,
    line_count,
    rejected_count,
    rejected_ratio,
    event_count,
    redelivery_ratio,
    unpublished_drop_count,
    latest_delivered_at,
    latest_occurred_at,
    behind_seconds
from marts.agg_source_health
order by event_count desc, source
