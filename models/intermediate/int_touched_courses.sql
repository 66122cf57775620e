{{
    config(
        order_by=["course_id"],
        tags=["near_real_time", "touched_set"],
    )
}}

{#
    Courses that touched learners are in or have progress in: what a learner does in one may place an event in another
    that names none. What is gone has left nothing but its statements: the courses that they name and those of their
    activities. (Had an activity gone too, the catalogue would be another one, and all progress built whole.)
#}
with
    points as (select activity_id, course_id from {{ ref("int_touched_points") }}),

    learners as (select learner_id from {{ ref("int_touched_timeline") }}),

    final as (
        select course_id
        from {{ ref("fct_unit_progress") }}
        where learner_id in (select learner_id from learners)
        union distinct
        select course_id
        from {{ ref("fct_enrolments") }}
        where learner_id in (select learner_id from learners)
        union distinct
        select course_id
        from {{ ref("dim_course_activities") }}
        where activity_id in (select activity_id from points)
        union distinct
        select course_id
        from points
        where course_id != ''
    )

select course_id
from final
