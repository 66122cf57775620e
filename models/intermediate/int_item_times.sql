{{ config(order_by=["item_id"], tags=["near_real_time"]) }}

select activity_id as item_id, quantileExact(0.5)(duration_seconds) as median_seconds
from {{ ref("int_statements__deduplicated") }}
where {{ is_attempt() }} and duration_seconds is not null
group by activity_id
