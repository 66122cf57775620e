{{
    config(
        order_by=["activity_id", "marked_at"],
        tags=["nightly"],
    )
}}

with
    {# Of lines that say the same twice, the later delivered has the better words. #}
    final as (
        select
            activity_id,
            course_id,
            toLowCardinality(entry) as mark,
            position_seconds,
            assumeNotNull(entered_at) as marked_at,
            note,
            {{
                surrogate_key(
                    [
                        "activity_id",
                        "course_id",
                        "mark",
                        "position_seconds",
                        "marked_at",
                    ]
                )
            }} as mark_id
        from {{ ref("stg_changes__entries") }}
        where quarantine_reason = ''
        order by
            activity_id,
            course_id,
            mark,
            position_seconds,
            marked_at,
            delivered_at desc,
            line_hash
        limit 1 by activity_id, course_id, mark, position_seconds, marked_at
    )

select *
from final
