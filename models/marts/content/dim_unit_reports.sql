{{
    config(
        order_by=["course_id", "unit_id"],
        tags=["nightly"],
    )
}}

with
    units as (
        select course_id, unit_id, unit_kind, activity_type from {{ ref("dim_units") }}
    ),

    activities as (
        select
            activity_id,
            activity_type,
            ifNull(module_id, '') as module_id,
            ifNull(parent_activity_id, '') as parent_activity_id
        from {{ ref("dim_activities") }}
    ),

    {# A completion of a video is what was watched of its length. #}
    measured_videos as (
        select distinct video_id
        from {{ ref("fct_video_views") }}
        where isNotNull(coverage_ratio)
    ),

    reports as (
        select activity_id, source, max({{ is_completion() }}) as has_completion
        from {{ ref("fct_learning_events") }}
        where verb_group != 'administration' and verb != 'waived'
        group by activity_id, source
    ),

    {# What is sent about an activity is sent about its module and, of a question, about its assessment. #}
    placed_reports as (
        select
            arrayJoin(
                arrayDistinct(
                    [
                        reports.activity_id,
                        activities.module_id,
                        if(
                            activities.activity_type = 'question',
                            activities.parent_activity_id,
                            ''
                        )
                    ]
                )
            ) as unit_id,
            reports.source as source,
            reports.has_completion and reports.activity_id = unit_id as is_completing
        from reports
        left join activities using (activity_id)
    ),

    {# A source that reports completions of some units of a kind would report them of the others. #}
    unit_sources as (
        select
            units.course_id as course_id,
            units.unit_id as unit_id,
            units.activity_type as activity_type,
            max(max(placed_reports.is_completing)) over (
                partition by
                    units.course_id,
                    units.unit_kind,
                    units.activity_type,
                    placed_reports.source
            ) as is_reporting_source
        from placed_reports
        inner join units on placed_reports.unit_id = units.unit_id
        group by
            units.course_id,
            units.unit_id,
            units.unit_kind,
            units.activity_type,
            placed_reports.source
    )

select
    course_id,
    unit_id,
    toBool(
        if(
            min(activity_type) = 'video',
            unit_id in (select video_id from measured_videos),
            max(is_reporting_source)
        )
    ) as is_completion_reported
from unit_sources
group by course_id, unit_id
