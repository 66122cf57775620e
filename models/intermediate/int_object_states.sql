{{
    config(
        order_by=["load_key"],
        tags=["near_real_time", "touched_set"],
    )
}}

with
    live as (
        select load_id, object_id, object_key, line_count
        from {{ ref("stg_ops__live_drops") }}
        where kind = 'events'
    ),

    {# What the last snapshot says; the hook at the end of a run that succeeded has marked it as consumed. #}
    previous as (
        select
            load_id,
            object_id,
            object_key,
            line_count,
            is_consumed,
            is_touched,
            state_id
        from {{ previous_states() }}
    ),

    both as (
        select
            load_id,
            object_id,
            object_key,
            line_count,
            1 as live_count,
            toUInt8(0) as was_consumed,
            toUInt8(0) as was_touched
        from live
        union all
        select
            load_id,
            object_id,
            object_key,
            line_count,
            0 as live_count,
            is_consumed as was_consumed,
            is_touched as was_touched
        from previous
    ),

    {# Touched stays touched until a run has consumed it: what was live in a run that was killed may be in some tables. #}
    final as (
        select
            load_id,
            object_id,
            max(object_key) as object_key,
            max(line_count) as line_count,
            toUInt8(sum(live_count)) as is_live,
            max(was_consumed) as is_consumed,
            toUInt8(max(was_touched) or is_live != is_consumed) as is_touched
        from both
        group by load_id, object_id
        having is_live or is_consumed or is_touched
    )

select
    {{ compact_key(["load_id", "object_id"]) }} as load_key,
    load_id,
    object_id,
    object_key,
    line_count,
    is_live,
    is_consumed,
    is_touched,
    if(
        (select max(state_id) from previous) = '',
        '{{ invocation_id }}',
        (select max(state_id) from previous)
    ) as state_id,
    '{{ invocation_id }}' as snapshot_id
from final
