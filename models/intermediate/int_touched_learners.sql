{{
    config(
        order_by=["learner_id"],
        tags=["near_real_time", "touched_set"],
    )
}}

select
    learner_id,
    min(occurred_at) as first_touched_at,
    max(occurred_at) as last_touched_at
from {{ ref("int_touched_points") }}
group by learner_id
