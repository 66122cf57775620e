{{ config(order_by=["source"], tags=["near_real_time"]) }}

with
    statements as (
        select source, occurred_at from {{ ref("int_statements__deduplicated") }}
    ),

    by_source as (
        select
            source,
            max(occurred_at) as latest_occurred_at,
            {{ complete_through("occurred_at") }} as complete_through_at
        from statements
        group by source
    ),

    overall as (
        select
            'all' as source,
            max(occurred_at) as latest_occurred_at,
            {{ complete_through("occurred_at") }} as complete_through_at
        from statements
        having count() > 0
    )

select source, latest_occurred_at, complete_through_at
from by_source
union all
select source, latest_occurred_at, complete_through_at
from overall
