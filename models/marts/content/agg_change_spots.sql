{{
    config(
        order_by=["course_id", "change_id"],
        tags=["nightly"],
    )
}}

{%- set reach = var("content_change_spot_seconds") %}

with
    changes as (
        select change_id, course_id, activity_id, changed_at, position_seconds
        from {{ ref("fct_content_changes") }}
        where activity_type = 'video'
    ),

    marks as (
        select
            activity_id,
            course_id as marked_course_id,
            marked_at,
            assumeNotNull(position_seconds) as marked_seconds
        from {{ ref("fct_content_marks") }}
        where mark in ('known', 'being_worked_on') and isNotNull(position_seconds)
    ),

    last_marks as (
        select
            changes.change_id as change_id,
            argMax(
                marks.marked_seconds, (marks.marked_at, marks.marked_seconds)
            ) as marked_seconds
        from changes
        inner join marks using (activity_id)
        where
            marks.marked_at <= changes.changed_at
            and marks.marked_course_id in ('', changes.course_id)
        group by change_id
    ),

    hot_spots as (
        select
            video_id,
            argMax(
                (start_seconds, end_seconds), (excess_learners_lost, - start_seconds)
            ) as place
        from {{ ref("agg_video_hot_spots") }}
        group by video_id
    ),

    final as (
        select
            changes.change_id as change_id,
            changes.course_id as course_id,
            multiIf(
                isNotNull(changes.position_seconds),
                'entry',
                last_marks.change_id != '',
                'mark',
                hot_spots.video_id != '',
                'hot_spot',
                'none'
            ) as spot_basis,
            if(
                spot_basis = 'entry',
                ifNull(changes.position_seconds, 0),
                last_marks.marked_seconds
            ) as given_seconds,
            if(
                spot_basis = 'hot_spot',
                toFloat64(hot_spots.place.start_seconds),
                given_seconds - {{ reach }}
            ) as start_seconds,
            if(
                spot_basis = 'hot_spot',
                toFloat64(hot_spots.place.end_seconds),
                given_seconds + {{ reach }}
            ) as end_seconds
        from changes
        left join last_marks on changes.change_id = last_marks.change_id
        left join hot_spots on changes.activity_id = hot_spots.video_id
    )

select
    change_id,
    course_id,
    toLowCardinality(spot_basis) as spot_basis,
    {{ seconds(milliseconds("greatest(start_seconds, 0)")) }} as spot_start_seconds,
    {{ seconds(milliseconds("end_seconds")) }} as spot_end_seconds
from final
where spot_basis != 'none'
