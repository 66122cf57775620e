{{ config(order_by=["learner_id", "course_id"]) }}

with
    events as (
        select
            learner_id,
            assumeNotNull(course_id) as known_course_id,
            verb,
            verb_group,
            activity_id = known_course_id as is_of_course,
            {{ is_completion() }} as is_completing,
            occurred_at
        from {{ ref("fct_learning_events") }}
        where ifNull(course_id, '') != ''
    ),

    listed as (
        select course_id, activity_id
        from {{ ref("dim_course_activities") }}
        where is_in_course_catalogue
    ),

    units as (
        select unit_id, unit_kind, course_id
        from {{ ref("dim_units") }}
        where (course_id, unit_id) in (select course_id, activity_id from listed)
    ),

    progress as (
        select
            learner_id,
            course_id,
            unit_id,
            assumeNotNull(completed_at) as unit_completed_at
        from {{ ref("fct_unit_progress") }}
        where isNotNull(completed_at)
    ),

    {# `left` is Activity Streams' leave; cmi5's `abandoned` ends a session, not the course. #}
    stated as (
        select
            learner_id,
            known_course_id as course_id,
            minIfOrNull(occurred_at, is_of_course and is_completing) as completed_at,
            maxIfOrNull(
                occurred_at,
                verb = 'unregistered' or (verb in ('waived', 'left') and is_of_course)
            ) as unenrolled_at,
            maxIfOrNull(occurred_at, verb = 'registered') as registered_at,
            maxIfOrNull(
                occurred_at,
                verb_group != 'administration' and verb not in ('waived', 'left')
            ) as last_active_at
        from events
        group by learner_id, known_course_id
    ),

    {# Modules where the catalogue has them, so that no unit counts twice; else its activities. #}
    unit_counts as (
        select
            course_id,
            countIf(unit_kind = 'module') as module_count,
            countIf(unit_kind = 'activity') as activity_count
        from units
        group by course_id
    ),

    courses as (
        select
            course_id,
            if(module_count > 0, 'module', 'activity') as required_kind,
            toUInt64(
                ceil(
                    if(module_count > 0, module_count, activity_count)
                    * {{ var("course_completion_ratio") }}
                )
            ) as required_count
        from unit_counts
    ),

    completed_units as (
        select
            progress.learner_id as learner_id,
            units.course_id as course_id,
            arraySort(groupArray(progress.unit_completed_at)) as completion_times
        from progress
        inner join
            units
            on progress.course_id = units.course_id
            and progress.unit_id = units.unit_id
        inner join courses on units.course_id = courses.course_id
        where units.unit_kind = courses.required_kind
        group by learner_id, course_id
    ),

    worked_through as (
        select
            completed_units.learner_id as learner_id,
            completed_units.course_id as course_id,
            completed_units.completion_times[courses.required_count] as completed_at
        from completed_units
        inner join courses using (course_id)
        where length(completed_units.completion_times) >= courses.required_count
    ),

    endings as (
        select
            learner_id,
            course_id,
            completed_at as stated_at,
            null as worked_through_at,
            if(
                ifNull(registered_at > unenrolled_at, false)
                or ifNull(
                    last_active_at >= greatest(
                        toDateTime64(addDays(toDate(unenrolled_at), 1), 3, 'UTC'),
                        unenrolled_at + interval {{ var("session_gap_minutes") }} minute
                    ),
                    false
                ),
                null,
                unenrolled_at
            ) as left_at
        from stated
        union all
        select
            learner_id,
            course_id,
            null as stated_at,
            completed_at as worked_through_at,
            null as left_at
        from worked_through
    ),

    final as (
        select
            learner_id,
            course_id,
            minOrNull(stated_at) as first_stated_at,
            minOrNull(worked_through_at) as first_worked_through_at,
            minOrNull(left_at) as unenrolled_at
        from endings
        group by learner_id, course_id
    )

select
    learner_id,
    course_id,
    least(
        ifNull(first_stated_at, first_worked_through_at),
        ifNull(first_worked_through_at, first_stated_at)
    ) as completed_at,
    toLowCardinality(
        multiIf(
            isNull(completed_at),
            '',
            ifNull(first_stated_at = completed_at, false),
            'statement',
            'units'
        )
    ) as completion_basis,
    first_stated_at as completion_stated_at,
    unenrolled_at
from final
where isNotNull(completed_at) or isNotNull(unenrolled_at)
