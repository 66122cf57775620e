{{
    config(
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

    {#
        The channel is that of the enrolment that makes the cohort; for 'all' the learner's first enrolment. Sorted, not
        grouped: the table lies in the order of learners.
    #}
    first_enrolments as (
        select
            learner_id,
            arrayJoin(['all', enrolment_course_id]) as scope,
            known_enrolled_at,
            enrolment_channel,
            enrolment_label
        from enrolments
        order by learner_id, scope, known_enrolled_at, enrolment_course_id
        limit 1 by learner_id, scope
    ),

    joined as (
        select
            'first_activity' as cohort_basis,
            scope,
            learner_id,
            joined_at,
            '' as told_channel,
            '' as cohort_label
        from first_events
        union all
        select
            'enrolment' as cohort_basis,
            scope,
            learner_id,
            known_enrolled_at as joined_at,
            toString(enrolment_channel) as told_channel,
            enrolment_label as cohort_label
        from first_enrolments
    ),

    members as (
        select
            joined.cohort_basis as cohort_basis,
            joined.scope as course_id,
            joined.learner_id as learner_id,
            joined.joined_at as joined_at,
            if(
                joined.cohort_basis = 'enrolment',
                joined.told_channel,
                toString(learners.acquisition_channel)
            ) as channel,
            joined.cohort_label as cohort_label,
            learners.is_excluded as is_excluded
        from joined
        inner join learners using (learner_id)
    ),

    final as (
        select
            toLowCardinality(cohort_basis) as cohort_basis,
            course_id,
            learner_id,
            toMonday(joined_at) as cohort_week,
            joined_at,
            toLowCardinality(
                ifNull(nullIf(channel, ''), 'unknown')
            ) as acquisition_channel,
            cohort_label,
            is_excluded,
            {{ surrogate_key(["cohort_basis", "course_id", "cohort_week"]) }}
            as cohort_id
        from members
    )

select *
from final
