{{
    config(
        order_by=["learner_id", "course_id"],
        tags=["near_real_time"],
    )
}}

{#
    One enrolment per learner and course: what the learner drops say, else a `registered` statement, else the learner's
    first event in the course.
#}
with
    listed as (
        select learner_id, course_id, enrolled_at, acquisition_channel, cohort_label
        from {{ ref("stg_learners__enrolments") }}
        where quarantine_reason = '' and course_id != ''
        order by learner_id, course_id, delivered_at desc, enrolled_at, line_hash
        limit 1 by learner_id, course_id
    ),

    first_events as (
        select learner_id, course_id, first_event_at, registered_at
        from {{ ref("int_learner_courses") }}
        where course_id != ''
    ),

    pairs as (
        select learner_id, course_id
        from listed
        union distinct
        select learner_id, course_id
        from first_events
    ),

    final as (
        select
            pairs.learner_id as learner_id,
            pairs.course_id as course_id,
            toLowCardinality(
                multiIf(
                    listed.enrolled_at is not null,
                    'learners_drop',
                    first_events.registered_at is not null,
                    'registered_statement',
                    first_events.course_id != '',
                    'first_activity',
                    'unknown'
                )
            ) as enrolment_basis,
            multiIf(
                listed.enrolled_at is not null,
                listed.enrolled_at,
                first_events.registered_at is not null,
                first_events.registered_at,
                first_events.course_id != '',
                toNullable(first_events.first_event_at),
                null
            ) as enrolled_at,
            toLowCardinality(
                if(
                    listed.acquisition_channel != '',
                    listed.acquisition_channel,
                    'unknown'
                )
            ) as acquisition_channel,
            listed.cohort_label as cohort_label
        from pairs
        left join listed using (learner_id, course_id)
        left join
            first_events
            on pairs.learner_id = first_events.learner_id
            and pairs.course_id = first_events.course_id
    )

select *
from final
