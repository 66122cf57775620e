{{
    config(
        engine="MergeTree()",
        order_by=["course_id"],
        tags=["near_real_time", "touched_set"],
    )
}}

{#
    The progress that is there is found by its learners. What is gone has left nothing but its statements: their
    activities, and the modules and assessments of these, lie in the courses that lost it. (Had an activity gone too, the
    catalogue would be another one, and all progress built whole.)
#}
with
    points as (select activity_id, course_id from {{ ref("int_touched_points") }}),

    activities as (
        select activity_id, module_id, parent_activity_id
        from {{ ref("dim_activities") }}
        where activity_id in (select activity_id from points)
    ),

    places as (
        select
            arrayJoin(
                [activity_id, ifNull(module_id, ''), ifNull(parent_activity_id, '')]
            ) as place_id
        from activities
    ),

    final as (
        select course_id
        from {{ ref("fct_unit_progress") }}
        where learner_id in (select learner_id from {{ ref("int_touched_timeline") }})
        union distinct
        select course_id
        from {{ ref("dim_units") }}
        where unit_id in (select place_id from places)
        union distinct
        select course_id
        from points
        where course_id != ''
    )

select course_id
from final
