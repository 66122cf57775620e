{{
    config(
        engine="MergeTree()",
        order_by=["cohort_basis", "course_id", "learner_id"],
        tags=["near_real_time"],
    )
}}

with
    learners as (
        select learner_id, acquisition_channel, is_excluded
        from {{ ref("dim_learners") }}
    ),

    enrolments as (
        select
            learner_id,
            course_id as enrolment_course_id,
            assumeNotNull(enrolled_at) as known_enrolled_at,
            acquisition_channel as enrolment_channel,
            cohort_label as enrolment_label
        from {{ ref("fct_enrolments") }}
        where isNotNull(enrolled_at)
    ),

    events as (
        select learner_id, course_id as event_course_id, first_event_at
        from {{ ref("int_learner_courses") }}
    ),

    {# 'all' holds every event of a learner, also those that belong to no course. #}
    first_events as (
        select
            learner_id,
            arrayJoin(
                if(event_course_id = '', ['all'], ['all', event_course_id])
            ) as scope,
            min(first_event_at) as joined_at
        from events
        group by learner_id, scope
    ),

    {# The channel is that of the enrolment that makes the cohort; for 'all' the learner's first enrolment. #}
    first_enrolments as (
        select
            learner_id,
            arrayJoin(['all', enrolment_course_id]) as scope,
            min(known_enrolled_at) as joined_at,
            argMin(
                (toString(enrolment_channel), enrolment_label),
                (known_enrolled_at, enrolment_course_id)
            ) as told
        from enrolments
        group by learner_id, scope
    ),

    members as (
        select
            'first_activity' as cohort_basis,
            first_events.scope as course_id,
            first_events.learner_id as learner_id,
            first_events.joined_at as joined_at,
            toString(learners.acquisition_channel) as channel,
            '' as cohort_label,
            learners.is_excluded as is_excluded
        from first_events
        inner join learners on first_events.learner_id = learners.learner_id
        union all
        select
            'enrolment' as cohort_basis,
            first_enrolments.scope as course_id,
            first_enrolments.learner_id as learner_id,
            first_enrolments.joined_at as joined_at,
            first_enrolments.told .1 as channel,
            first_enrolments.told .2 as cohort_label,
            learners.is_excluded as is_excluded
        from first_enrolments
        inner join learners on first_enrolments.learner_id = learners.learner_id
    ),

    final as (
        select
            cohort_basis,
            course_id,
            learner_id,
            toMonday(joined_at) as cohort_week,
            joined_at,
            ifNull(nullIf(channel, ''), 'unknown') as acquisition_channel,
            cohort_label,
            is_excluded
        from members
    )

select
    {{ surrogate_key(["cohort_basis", "course_id", "cohort_week"]) }} as cohort_id,
    toLowCardinality(cohort_basis) as cohort_basis,
    course_id,
    learner_id,
    cohort_week,
    joined_at,
    toLowCardinality(acquisition_channel) as acquisition_channel,
    cohort_label,
    is_excluded
from final
