{{ config(order_by=["course_id"], tags=["near_real_time"]) }}

with
    activities as (
        select course_id, activity_type, is_in_course_catalogue
        from {{ ref("dim_course_activities") }}
    ),

    by_course as (
        select
            course_id,
            countIf(activity_type not in ('course', 'module')) as activity_count,
            countIf(activity_type = 'module') as module_count,
            max(is_in_course_catalogue) as is_in_catalogue
        from activities
        group by course_id
    ),

    first_events as (
        select course_id, toNullable(min(first_event_at)) as first_seen_at
        from {{ ref("int_learner_courses") }}
        where course_id != ''
        group by course_id
    ),

    titles as (select activity_id as course_id, title from {{ ref("dim_activities") }}),

    {# Of an enrolment alone nothing but the id is known. #}
    courses as (
        select course_id
        from by_course
        union distinct
        select course_id
        from {{ ref("fct_enrolments") }}
        where course_id != ''
    ),

    final as (
        select
            courses.course_id as course_id,
            if(
                ifNull(titles.title, '') != '', titles.title, courses.course_id
            ) as title,
            ifNull(by_course.activity_count, 0) as activity_count,
            ifNull(by_course.module_count, 0) as module_count,
            ifNull(by_course.is_in_catalogue, false) as is_in_catalogue,
            first_events.first_seen_at as first_seen_at
        from courses
        left join by_course using (course_id)
        left join first_events using (course_id)
        left join titles using (course_id)
    )

select *
from final
