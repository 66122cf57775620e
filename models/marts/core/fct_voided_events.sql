{{ config(engine="MergeTree()", order_by=["statement_id"], tags=["weekly"]) }}

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
            course_id as stated_course_id,
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

    verbs as (
        select verb_iri as iri, verb as known_verb, verb_group as known_group
        from {{ ref("xapi_verbs") }}
    ),

    activity_types as (
        select activity_type_iri as iri, activity_type as known_type
        from {{ ref("activity_types") }}
    ),

    catalog_items as (
        select activity_id as item_id, course_id as item_course_id
        from {{ ref("int_catalog_items__current") }}
    ),

    only_courses as (
        select activity_id as placed_id, course_id as only_course_id
        from {{ ref("int_activity_courses") }}
        where is_only_course
    ),

    final as (
        select
            statement_id,
            source,
            learner_id,
            if(known_verb = '', 'other', toString(known_verb)) as verb,
            activity_id,
            multiIf(
                activity_types.known_type != '',
                toString(activity_types.known_type),
                known_group = 'video',
                'video',
                'other'
            ) as activity_type,
            multiIf(
                known_verb = '',
                'other',
                activity_type = 'video' and known_group = 'lifecycle',
                'video',
                toString(known_group)
            ) as verb_group,
            activity_type = 'question'
            and parent_types.known_type = 'question' as is_part,
            multiIf(
                stated_course_id != '',
                stated_course_id,
                item_course_id != '',
                item_course_id,
                only_course_id
            ) as course_id,
            is_correct,
            is_completed,
            score_scaled,
            occurred_at,
            voided_at,
            voiding_delivered_at
        from voided
        inner join voidings on voided.statement_id = voidings.voided_id
        left join verbs on voided.verb_iri = verbs.iri
        left join activity_types on voided.activity_type_iri = activity_types.iri
        left join
            activity_types as parent_types
            on voided.parent_activity_type_iri = parent_types.iri
        left join catalog_items on voided.activity_id = catalog_items.item_id
        left join only_courses on voided.activity_id = only_courses.placed_id
    )

select
    statement_id,
    source,
    learner_id,
    toLowCardinality(verb) as verb,
    toLowCardinality(verb_group) as verb_group,
    activity_id,
    toLowCardinality(activity_type) as activity_type,
    course_id,
    is_part,
    is_correct,
    is_completed,
    score_scaled,
    occurred_at,
    voided_at,
    voiding_delivered_at
from final
