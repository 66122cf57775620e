{{ config(order_by=["statement_id"], tags=["weekly"]) }}

with
    live_objects as (select load_key from {{ ref("int_object_states") }} where is_live),

    voidings as (
        select
            lower(activity_id) as voided_id,
            min(occurred_at) as voided_at,
            min(delivered_at) as voiding_delivered_at
        from {{ ref("stg_xapi__statements") }}
        where
            voided_statement_key != 0
            and quarantine_reason = ''
            and load_key in (select load_key from live_objects)
        group by voided_id
    ),

    {# As with events: the content that was stored first counts, then the one with the smallest hash. #}
    voided as (
        select
            statement_id,
            source,
            learner_id,
            verb_iri,
            activity_id,
            activity_type_iri,
            parent_activity_type_iri,
            course_id,
            occurred_at,
            is_correct,
            is_completed,
            score_scaled
        from {{ ref("stg_xapi__statements") }}
        where
            statement_id in (select voided_id from voidings)
            and voided_statement_key = 0
            and quarantine_reason = ''
            and load_key in (select load_key from live_objects)
        order by statement_id, stored_at is null, stored_at, line_hash, source
        limit 1 by statement_id
    ),

    named as (select * from {{ named_statements("(select * from voided)") }} as named)

select
    statement_id,
    source,
    learner_id,
    toLowCardinality(verb) as verb,
    toLowCardinality(verb_group) as verb_group,
    activity_id,
    toLowCardinality(activity_type) as activity_type,
    course_id,
    toBool(is_part) as is_part,
    is_correct,
    is_completed,
    score_scaled,
    occurred_at,
    voided_at,
    voiding_delivered_at
from named
inner join voidings on named.statement_id = voidings.voided_id
