{{
    config(
        engine="MergeTree()",
        order_by=["course_id", "unit_id", "learner_id"],
    )
}}

with
    units as (
        select unit_id, unit_kind, activity_type, course_id, module_id, expected_seconds
        from {{ ref("dim_units") }}
    ),

    activities as (
        select activity_id, activity_type, parent_activity_id, module_id
        from {{ ref("dim_activities") }}
    ),

    {# What others do to a learner's record is not the learner reaching content. #}
    events as (
        select
            learner_id,
            activity_id,
            parent_activity_id,
            verb,
            ifNull(is_completed, false) as is_reported_completed,
            occurred_at,
            ifNull(active_seconds_low, 0) as active_seconds
        from {{ ref("fct_learning_events") }}
        where verb_group != 'administration' and verb != 'waived'
    ),

    video_views as (
        select video_id, learner_id, coverage_ratio, is_completed, last_watched_at
        from {{ ref("fct_video_views") }}
    ),

    attempts as (
        select
            learner_id,
            ifNull(module_id, '') as module_id,
            ifNull(assessment_id, '') as assessment_id,
            is_correct,
            answered_at
        from {{ ref("fct_attempts") }}
        where is_first_attempt and isNotNull(is_correct)
    ),

    enrolments as (
        select
            learner_id, course_id, enrolled_at, acquisition_channel, true as is_enrolled
        from {{ ref("fct_enrolments") }}
    ),

    learners as (select learner_id, acquisition_channel from {{ ref("dim_learners") }}),

    {# An event belongs to its own activity, to that activity's module and, on a question, to the assessment. #}
    placed_events as (
        select
            events.learner_id as learner_id,
            events.activity_id as activity_id,
            events.verb as verb,
            events.is_reported_completed as is_reported_completed,
            events.occurred_at as occurred_at,
            events.active_seconds as active_seconds,
            arrayJoin(
                arrayDistinct(
                    [
                        events.activity_id,
                        ifNull(activities.module_id, ''),
                        if(
                            activities.activity_type = 'question',
                            coalesce(
                                nullIf(activities.parent_activity_id, ''),
                                events.parent_activity_id,
                                ''
                            ),
                            ''
                        )
                    ]
                )
            ) as unit_id
        from events
        left join activities on activities.activity_id = events.activity_id
    ),

    {# Milliseconds as integers: a sum of floats would depend on the order of the rows. #}
    learner_units as (
        select
            placed_events.learner_id as learner_id,
            placed_events.unit_id as unit_id,
            any(units.unit_kind) as unit_kind,
            any(units.activity_type) as activity_type,
            any(units.course_id) as course_id,
            any(ifNull(units.module_id, '')) as module_id,
            any(units.expected_seconds) as expected_seconds,
            min(placed_events.occurred_at) as reached_at,
            max(placed_events.occurred_at) as last_active_at,
            count() as event_count,
            sum(
                {{ milliseconds("placed_events.active_seconds") }}
            ) as active_milliseconds,
            minIfOrNull(
                placed_events.occurred_at,
                placed_events.activity_id = placed_events.unit_id
                and (
                    placed_events.verb in ('completed', 'passed')
                    or (
                        units.activity_type = 'assessment'
                        and placed_events.verb = 'failed'
                    )
                    or placed_events.is_reported_completed
                )
            ) as reported_completed_at
        from placed_events
        inner join units on units.unit_id = placed_events.unit_id
        group by learner_id, unit_id
    ),

    {# A video is completed by what was watched of it, not by what its player says. #}
    watched_units as (
        select
            learner_units.learner_id as learner_id,
            learner_units.unit_id as unit_id,
            learner_units.unit_kind as unit_kind,
            learner_units.activity_type as activity_type,
            learner_units.course_id as course_id,
            learner_units.module_id as module_id,
            learner_units.expected_seconds as expected_seconds,
            learner_units.reached_at as reached_at,
            learner_units.last_active_at as last_active_at,
            learner_units.event_count as event_count,
            learner_units.active_milliseconds as active_milliseconds,
            ifNull(video_views.coverage_ratio, 0) as coverage_ratio,
            multiIf(
                learner_units.activity_type != 'video',
                learner_units.reported_completed_at,
                ifNull(video_views.is_completed, false),
                ifNull(video_views.last_watched_at, learner_units.last_active_at),
                null
            ) as completed_at
        from learner_units
        left join
            video_views
            on video_views.video_id = learner_units.unit_id
            and video_views.learner_id = learner_units.learner_id
    ),

    answers as (
        select
            learner_id,
            module_id,
            groupArray(
                (assessment_id, answered_at, toUInt8(ifNull(is_correct, false)))
            ) as answered
        from attempts
        group by learner_id, module_id
    ),

    {#
        First attempts that judge a unit: a module's and an assessment's own items; for any other unit the items of
        its module that were first answered after the learner had reached it.
    #}
    assessed_units as (
        select
            watched_units.learner_id as learner_id,
            watched_units.unit_id as unit_id,
            watched_units.unit_kind as unit_kind,
            watched_units.activity_type as activity_type,
            watched_units.course_id as course_id,
            watched_units.reached_at as reached_at,
            watched_units.last_active_at as last_active_at,
            watched_units.event_count as event_count,
            watched_units.active_milliseconds as active_milliseconds,
            watched_units.completed_at as completed_at,
            watched_units.active_milliseconds >= {{ 1000 * var("engaged_min_seconds") }}
            or watched_units.coverage_ratio >= {{ var("engaged_min_ratio") }}
            or ifNull(
                watched_units.active_milliseconds
                >= {{ 1000 * var("engaged_min_ratio") }}
                * nullIf(watched_units.expected_seconds, 0),
                false
            )
            or isNotNull(watched_units.completed_at) as is_engaged,
            arrayFilter(
                answer -> multiIf(
                    watched_units.unit_kind = 'module',
                    watched_units.module_id != '',
                    watched_units.activity_type = 'assessment',
                    answer .1 = watched_units.unit_id,
                    watched_units.module_id != ''
                    and answer .2 >= watched_units.reached_at
                ),
                answers.answered
            ) as judged
        from watched_units
        left join
            answers
            on answers.learner_id = watched_units.learner_id
            and answers.module_id = watched_units.module_id
    ),

    first_reached as (
        select learner_id, course_id, min(reached_at) as first_reached_at
        from learner_units
        group by learner_id, course_id
    ),

    {# Someone who learns before the enrolment is recorded was eligible from the first event on. #}
    course_learners as (
        select
            first_reached.learner_id as learner_id,
            first_reached.course_id as course_id,
            if(
                enrolments.is_enrolled
                and ifNull(
                    enrolments.enrolled_at < first_reached.first_reached_at, false
                ),
                assumeNotNull(enrolments.enrolled_at),
                first_reached.first_reached_at
            ) as eligible_at,
            coalesce(
                if(
                    enrolments.is_enrolled,
                    nullIf(enrolments.acquisition_channel, ''),
                    nullIf(learners.acquisition_channel, '')
                ),
                'unknown'
            ) as acquisition_channel
        from first_reached
        left join
            enrolments
            on enrolments.learner_id = first_reached.learner_id
            and enrolments.course_id = first_reached.course_id
        left join learners on learners.learner_id = first_reached.learner_id
    ),

    final as (
        select
            assessed_units.learner_id as learner_id,
            assessed_units.unit_id as unit_id,
            assessed_units.unit_kind as unit_kind,
            assessed_units.activity_type as activity_type,
            assessed_units.course_id as course_id,
            toStartOfMonth(course_learners.eligible_at) as cohort_month,
            course_learners.acquisition_channel as acquisition_channel,
            course_learners.eligible_at as eligible_at,
            assessed_units.reached_at as reached_at,
            assessed_units.last_active_at as last_active_at,
            assessed_units.event_count as event_count,
            {{ seconds("assessed_units.active_milliseconds") }} as active_seconds,
            assessed_units.is_engaged as is_engaged,
            isNotNull(assessed_units.completed_at) as is_completed,
            assessed_units.completed_at as completed_at,
            length(assessed_units.judged) as first_attempt_count,
            arraySum(
                answer -> answer .3, assessed_units.judged
            ) as first_attempt_correct_count
        from assessed_units
        inner join
            course_learners
            on course_learners.learner_id = assessed_units.learner_id
            and course_learners.course_id = assessed_units.course_id
    )

select
    learner_id,
    unit_id,
    toLowCardinality(unit_kind) as unit_kind,
    toLowCardinality(activity_type) as activity_type,
    course_id,
    cohort_month,
    toLowCardinality(acquisition_channel) as acquisition_channel,
    eligible_at,
    reached_at,
    last_active_at,
    event_count,
    active_seconds,
    toBool(is_engaged) as is_engaged,
    toBool(is_completed) as is_completed,
    completed_at,
    first_attempt_count,
    toUInt64(first_attempt_correct_count) as first_attempt_correct_count,
    {{ ratio("first_attempt_correct_count", "first_attempt_count") }}
    as first_attempt_ratio
from final
