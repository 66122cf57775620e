{{ config(order_by=["family", "verb", "field"], tags=["nightly"]) }}

with
    families as (
        select family, verb, object_type, instead_of, importance, breaks, advice
        from {{ ref("event_families") }}
    ),

    fields as (
        select family, verbs, field, importance, breaks, advice
        from {{ ref("event_fields") }}
        where family not in ('catalog', 'learners', 'changes')
    ),

    of_every_event as (
        select
            family,
            '*' as verb,
            '' as object_type,
            '' as instead_of,
            field,
            importance,
            breaks,
            advice
        from fields
        where family = 'every'
    ),

    of_families as (
        select
            fields.family as family,
            families.verb as verb,
            families.object_type as object_type,
            '' as instead_of,
            fields.field as field,
            fields.importance as importance,
            fields.breaks as breaks,
            fields.advice as advice
        from fields
        inner join families using (family)
        where fields.verbs = '*' or has(splitByChar(' ', fields.verbs), families.verb)
    ),

    verbs as (
        select
            family,
            verb,
            object_type,
            instead_of,
            '' as field,
            importance,
            breaks,
            advice
        from families
    ),

    final as (
        select *
        from of_every_event
        union all
        select *
        from of_families
        union all
        select *
        from verbs
    )

select family, verb, object_type, instead_of, field, importance, breaks, advice
from final
