-- One row per source, family of events and field that was missing in the week before the brief's day, the most first.
select
    source,
    family,
    field,
    sum(expected_count - present_count) as missing_count
from marts.agg_event_completeness
where activity_date >= {week:Date}
group by source, family, field
having missing_count > 0
order by missing_count desc, source, family, field
