{{ config(order_by=["learner_id"], tags=["near_real_time"]) }}

with
    events as (
        select
            learner_id,
            min(first_event_at) as first_seen_at,
            max(last_event_at) as last_seen_at,
            sum(courses.event_count) as event_count
        from {{ ref("int_learner_courses") }} as courses
        group by learner_id
    ),

    first_enrolments as (
        select learner_id, acquisition_channel, cohort_label
        from {{ ref("fct_enrolments") }}
        order by
            learner_id,
            acquisition_channel = 'unknown',
            enrolled_at is null,
            enrolled_at,
            course_id
        limit 1 by learner_id
    ),

    flags as (
        select learner_id, max(is_test) as is_test
        from {{ ref("stg_learners__enrolments") }}
        where quarantine_reason = ''
        group by learner_id
    ),

    learners as (
        select learner_id
        from events
        union distinct
        select learner_id
        from flags
    ),

    final as (
        select
            learners.learner_id as learner_id,
            if(
                events.event_count > 0, toNullable(events.first_seen_at), null
            ) as first_seen_at,
            if(
                events.event_count > 0, toNullable(events.last_seen_at), null
            ) as last_seen_at,
            events.event_count as event_count,
            toLowCardinality(
                if(
                    first_enrolments.acquisition_channel != '',
                    first_enrolments.acquisition_channel,
                    'unknown'
                )
            ) as acquisition_channel,
            first_enrolments.cohort_label as cohort_label,
            flags.is_test as is_test,
            flags.is_test as is_excluded
        from learners
        left join events using (learner_id)
        left join first_enrolments using (learner_id)
        left join flags using (learner_id)
    )

select *
from final
