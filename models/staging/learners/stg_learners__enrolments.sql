{{
    config(
        order_by=["learner_id", "object_key", "line_number"],
        tags=["near_real_time"],
    )
}}

with
    lines as (
        select
            object_id,
            object_key,
            line_number,
            source,
            delivered_at,
            reject,
            cityHash64(line) as line_hash,
            JSONExtract(line, 'Tuple(
                    actor String,
                    course_id Nullable(String),
                    enrolled_at Nullable(String),
                    acquisition_channel Nullable(String),
                    cohort Nullable(String),
                    is_test Nullable(Bool)
                )') as enrolment,
            JSONType(line, 'actor') as actor_json_type
        from {{ source("raw", "learner_lines") }}
        where
            (load_id, object_id) in (
                select load_id, object_id
                from {{ source("ops", "live_objects") }}
                where kind = 'learners'
            )
    ),

    identified as (
        select
            *,
            [if(actor_json_type = 'Object', enrolment.actor, '{}')] as actors,
            {{ actor_identifier_count("actors[1]") }} as identifier_count,
            {{ actor_fault("actors") }} as actor_fault,
            {{ actor_identity("actors[1]") }} as identity,
            {{ timestamp_or_null("ifNull(enrolment.enrolled_at, '')") }}
            as enrolled_at_or_null
        from lines
    ),

    final as (
        select
            object_id,
            object_key,
            line_number,
            source,
            delivered_at,
            line_hash,
            multiIf(
                reject != '',
                reject,
                identifier_count = 0,
                'missing_actor_identifier',
                actor_fault != '',
                actor_fault,
                ifNull(enrolment.enrolled_at, '') != '' and enrolled_at_or_null is null,
                'invalid_timestamp',
                ''
            ) as quarantine_reason,
            if(quarantine_reason = '', {{ learner_key("identity") }}, '') as learner_id,
            {{ same_iri("ifNull(enrolment.course_id, '')") }} as course_id,
            enrolled_at_or_null as enrolled_at,
            ifNull(enrolment.acquisition_channel, '') as acquisition_channel,
            ifNull(enrolment.cohort, '') as cohort_label,
            ifNull(enrolment.is_test, false) as is_test
        from identified
    )

select
    object_id,
    object_key,
    line_number,
    source,
    delivered_at,
    line_hash,
    quarantine_reason,
    learner_id,
    course_id,
    enrolled_at,
    acquisition_channel,
    cohort_label,
    is_test
from final
