{{ config(order_by=["source"], tags=["near_real_time"]) }}

with
    events as (select source, occurred_at from {{ ref("fct_learning_events") }}),

    final as (
        select
            source,
            count() as event_count,
            max(occurred_at) as latest_occurred_at,
            {{ complete_through("occurred_at") }} as complete_through_at
        from events
        group by source
        union all
        select
            'all' as source,
            count() as event_count,
            max(occurred_at) as latest_occurred_at,
            {{ complete_through("occurred_at") }} as complete_through_at
        from events
        having count() > 0
    )

select source, event_count, latest_occurred_at, complete_through_at
from final
