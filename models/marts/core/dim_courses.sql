{{ config(engine="MergeTree()", order_by=["course_id"], tags=["near_real_time"]) }}

with
    activities as (
        select
            activity_id, course_id, activity_type, title, is_in_catalogue, first_seen_at
        from {{ ref("dim_activities") }}
        where course_id != ''
    ),

    by_course as (
        select
            course_id,
            countIf(activity_type not in ('course', 'module')) as activity_count,
            countIf(activity_type = 'module') as module_count,
            max(is_in_catalogue) as is_in_catalogue,
            min(first_seen_at) as first_seen_at
        from activities
        group by course_id
    ),

    titles as (
        select activity_id as course_id, title
        from activities
        where activity_type = 'course'
    ),

    final as (
        select
            by_course.course_id as course_id,
            if(titles.title != '', titles.title, by_course.course_id) as title,
            by_course.activity_count as activity_count,
            by_course.module_count as module_count,
            by_course.is_in_catalogue as is_in_catalogue,
            by_course.first_seen_at as first_seen_at
        from by_course
        left join titles on by_course.course_id = titles.course_id
    )

select course_id, title, activity_count, module_count, is_in_catalogue, first_seen_at
from final
