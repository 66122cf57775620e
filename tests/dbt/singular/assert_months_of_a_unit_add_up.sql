{#
    A learner reaches a unit for the first time in one month, so the months add up to the period `all`.
#}
select
    course_id,
    unit_id,
    sumIf(reached_count, period = 'all') as all_count,
    sumIf(reached_count, period != 'all') as months_count
from {{ ref("agg_content_effectiveness") }}
group by course_id, unit_id
having all_count != months_count
