{{
    config(
        order_by=["cohort_basis", "course_id", "learner_id"],
    )
}}

{%- set gap_ms = 86400000 * var("churn_gap_days") -%}
{%- set week_ms = 7 * 86400000 %}

with
    watermark as (
        select toUnixTimestamp64Milli(complete_through_at) as complete_through_ms
        from {{ ref("int_watermarks") }}
        where source = 'all'
    ),

    learners as (select learner_id, acquisition_channel from {{ ref("dim_learners") }}),

    enrolments as (
        select learner_id, course_id, enrolled_at, acquisition_channel
        from {{ ref("fct_enrolments") }}
    ),

    events as (
        select
            learner_id,
            ifNull(course_id, '') as event_course_id,
            occurred_at,
            verb_group != 'administration' and verb != 'waived' as is_own_doing
        from {{ ref("fct_learning_events") }}
    ),

    endings as (
        select learner_id, course_id, completed_at, unenrolled_at
        from {{ ref("fct_course_endings") }}
    ),

    course_runs as (
        select course_id, ended_at as over_at
        from {{ ref("dim_course_runs") }}
        where isNotNull(ended_at)
    ),

    {# 'all' holds every event of a learner, also those that belong to no course. #}
    activity as (
        select
            learner_id,
            arrayJoin(
                if(event_course_id = '', ['all'], ['all', event_course_id])
            ) as scope,
            min(occurred_at) as first_event_at,
            maxIfOrNull(occurred_at, is_own_doing) as last_own_at
        from events
        group by learner_id, scope
    ),

    {# The channel is that of the enrolment that makes the cohort; for 'all' the learner's first enrolment. #}
    members as (
        select
            'first_activity' as basis,
            activity.learner_id as learner_id,
            activity.scope as scope,
            toString(learners.acquisition_channel) as channel,
            activity.first_event_at as started_at
        from activity
        inner join learners using (learner_id)
        union all
        select
            'enrolment' as basis,
            learner_id,
            arrayJoin(['all', course_id]) as scope,
            toString(argMin(acquisition_channel, (enrolled_at, course_id))) as channel,
            assumeNotNull(min(enrolled_at)) as started_at
        from enrolments
        where isNotNull(enrolled_at)
        group by learner_id, scope
    ),

    {#
        Who is in a course again after leaving it has not left; the first ending counts. Being taken off the list of a
        course that is over is no leaving.
    #}
    course_ends as (
        select
            enrolments.learner_id as learner_id,
            enrolments.course_id as course_id,
            multiIf(
                isNotNull(endings.completed_at)
                and ifNull(endings.completed_at <= endings.unenrolled_at, true),
                'completed',
                isNotNull(endings.unenrolled_at)
                and ifNull(endings.unenrolled_at <= course_runs.over_at, true),
                'unenrolled',
                isNotNull(course_runs.over_at),
                'course_ended',
                ''
            ) as course_end,
            multiIf(
                course_end = 'completed',
                endings.completed_at,
                course_end = 'unenrolled',
                endings.unenrolled_at,
                course_runs.over_at
            ) as course_end_at,
            course_runs.over_at as over_at
        from enrolments
        left join endings using (learner_id, course_id)
        left join course_runs using (course_id)
    ),

    {# A learner has finished with 'all' when no course is left open; the last one to end says how. #}
    scope_ends as (
        select
            learner_id,
            arrayJoin(['all', course_id]) as scope,
            argMax(course_end, (course_end_at, course_id)) as end_kind,
            max(course_end_at) as end_at,
            if(
                scope = 'all', if(end_kind = 'course_ended', end_at, null), max(over_at)
            ) as scope_over_at
        from course_ends
        group by learner_id, scope
        having countIf(course_end = '') = 0
    ),

    placed as (
        select
            members.basis as basis,
            members.learner_id as learner_id,
            members.scope as scope,
            members.channel as channel,
            members.started_at as started_at,
            toUnixTimestamp64Milli(members.started_at) as started_ms,
            activity.last_own_at as last_own_at,
            greatest(
                started_ms,
                ifNull(toUnixTimestamp64Milli(activity.last_own_at), started_ms)
            ) as last_ms,
            scope_ends.end_kind as end_kind,
            if(
                isNull(scope_ends.scope_over_at),
                null,
                greatest(started_ms, toUnixTimestamp64Milli(scope_ends.scope_over_at))
            ) as over_ms,
            if(
                scope_ends.end_kind in ('', 'course_ended'),
                null,
                greatest(
                    started_ms,
                    ifNull(toUnixTimestamp64Milli(scope_ends.end_at), started_ms)
                )
            ) as done_ms,
            watermark.complete_through_ms as complete_through_ms
        from members
        cross join watermark
        left join activity using (learner_id, scope)
        left join scope_ends using (learner_id, scope)
    ),

    {#
        An ending after the gap comes too late: the learner had churned. Silence after the end of the course is none:
        only a gap that was over before it is churn.
    #}
    final as (
        select
            basis,
            learner_id,
            scope,
            channel,
            started_at,
            started_ms,
            last_own_at,
            multiIf(
                ifNull(done_ms <= last_ms + {{ gap_ms }}, false),
                end_kind,
                last_ms + {{ gap_ms }} <= ifNull(over_ms, complete_through_ms),
                'churned',
                isNotNull(over_ms),
                'course_ended',
                'active'
            ) as outcome,
            multiIf(
                outcome = 'active',
                null,
                outcome = 'churned',
                last_ms,
                outcome = 'course_ended',
                over_ms,
                done_ms
            ) as ended_ms,
            {# The week in which the course ends is followed whole: there is nothing after it that is not seen. #}
            if(
                ifNull(over_ms <= complete_through_ms - {{ gap_ms }}, false),
                intDiv(
                    ifNull(over_ms, 0) - started_ms + {{ week_ms - 1 }}, {{ week_ms }}
                ),
                intDiv(
                    greatest(0, complete_through_ms - {{ gap_ms }} - started_ms),
                    {{ week_ms }}
                )
            ) as followed_weeks
        from placed
    )

select
    toLowCardinality(basis) as cohort_basis,
    learner_id,
    scope as course_id,
    toLowCardinality(if(channel = '', 'unknown', channel)) as acquisition_channel,
    toStartOfMonth(started_at) as cohort_month,
    started_at,
    last_own_at as last_active_at,
    toLowCardinality(outcome) as outcome,
    fromUnixTimestamp64Milli(ended_ms, 'UTC') as ended_at,
    toUInt32(intDiv(ended_ms - started_ms, {{ week_ms }})) as weeks_to_end,
    toUInt32(followed_weeks) as followed_weeks
from final
