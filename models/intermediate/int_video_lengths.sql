{{ config(order_by=["video_id"], tags=["near_real_time"]) }}

with
    reported_lengths as (
        select
            activity_id as video_id,
            reported_length_ms as length_ms,
            sum(report_count) as length_count
        from {{ ref("int_activity_days") }}
        where reported_length_ms > 0
        group by video_id, length_ms
    ),

    most_frequent as (
        select
            video_id,
            argMax(length_ms, (length_count, length_ms)) as reported_length_ms,
            max(length_count) as report_count,
            arrayReverseSort(groupArray(length_count))[2] as runner_up_count,
            count() > 1 as has_length_conflict
        from reported_lengths
        group by video_id
    ),

    catalog_lengths as (
        select
            activity_id as video_id,
            assumeNotNull({{ milliseconds("length_seconds") }}) as catalog_length_ms
        from {{ ref("int_catalog_items__current") }}
        where activity_type = 'video' and length_seconds > 0
    ),

    final as (
        select
            video_id,
            if(
                reported_length_ms > 0, reported_length_ms, catalog_length_ms
            ) as length_ms,
            has_length_conflict,
            report_count,
            runner_up_count
        from most_frequent
        full outer join catalog_lengths using (video_id)
    )

select video_id, length_ms, has_length_conflict, report_count, runner_up_count
from final
