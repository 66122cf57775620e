{{ config(order_by=["video_id", "start_seconds"], tags=["nightly"]) }}

with
    bins as (
        select
            video_id,
            bin_number,
            bin_start_seconds,
            bin_end_seconds,
            started_count,
            at_risk_count,
            dropped_count,
            censored_count,
            hazard,
            expected_hazard,
            excess_learners_lost,
            p_value,
            q_value
        from {{ ref("agg_video_drop_off") }}
        where is_hot_spot
    ),

    islands as (
        select
            *,
            toInt64(bin_number) - row_number() over (
                partition by video_id order by bin_number
            ) as island_number
        from bins
    ),

    merged as (
        select
            video_id,
            island_number,
            min(bin_start_seconds) as start_seconds,
            max(bin_end_seconds) as end_seconds,
            max(started_count) as started_count,
            max(at_risk_count) as at_risk_count,
            sum(dropped_count) as dropped_count,
            sum(censored_count) as censored_count,
            {# Sorted before they are multiplied or added: floats in any order would differ in the last digit. #}
            1 - arrayProduct(arraySort(groupArray(1 - hazard))) as hazard,
            1 - arrayProduct(
                arraySort(groupArray(1 - expected_hazard))
            ) as expected_hazard,
            arraySum(
                arraySort(groupArray(excess_learners_lost))
            ) as excess_learners_lost,
            min(p_value) as p_value,
            min(q_value) as q_value
        from islands
        group by video_id, island_number
    ),

    activities as (
        select activity_id, title, course_id, module_id from {{ ref("dim_activities") }}
    ),

    {# What the designers said last of the place; of two things said at once, the one further down the road. #}
    marks as (
        select
            activity_id,
            course_id as marked_course_id,
            mark,
            marked_at,
            note,
            position_seconds,
            indexOf(['known', 'being_worked_on', 'changed', 'cleared'], mark) as step
        from {{ ref("fct_content_marks") }}
    ),

    marked as (
        select
            merged.video_id as video_id,
            merged.start_seconds as start_seconds,
            argMax(
                (marks.mark, marks.marked_at, marks.note),
                (marks.marked_at, marks.step, marks.note)
            ) as last_mark
        from merged
        inner join marks on merged.video_id = marks.activity_id
        left join activities on merged.video_id = activities.activity_id
        where
            marks.marked_course_id in ('', activities.course_id)
            and ifNull(
                marks.position_seconds
                between merged.start_seconds
                - {{ var("content_change_spot_seconds") }} and merged.end_seconds
                + {{ var("content_change_spot_seconds") }},
                true
            )
        group by video_id, start_seconds
        having last_mark.mark != 'cleared'
    ),

    final as (
        select
            merged.video_id as video_id,
            activities.title as title,
            activities.course_id as course_id,
            activities.module_id as module_id,
            merged.start_seconds as start_seconds,
            merged.end_seconds as end_seconds,
            merged.started_count as started_count,
            merged.at_risk_count as at_risk_count,
            merged.dropped_count as dropped_count,
            {{ ratio("merged.dropped_count", "merged.started_count") }}
            as drop_off_ratio,
            {{ wilson_low("merged.dropped_count", "merged.started_count") }}
            as drop_off_ratio_low,
            {{
                wilson_high(
                    "(merged.dropped_count + merged.censored_count)",
                    "merged.started_count",
                )
            }} as drop_off_ratio_high,
            merged.hazard as hazard,
            merged.expected_hazard as expected_hazard,
            merged.excess_learners_lost as excess_learners_lost,
            merged.p_value as p_value,
            merged.q_value as q_value,
            toLowCardinality(marked.last_mark.mark) as mark,
            if(mark = '', null, marked.last_mark.marked_at) as marked_at,
            marked.last_mark.note as mark_note
        from merged
        left join activities on merged.video_id = activities.activity_id
        left join marked using (video_id, start_seconds)
    )

select *
from final
