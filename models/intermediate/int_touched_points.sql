{{
    config(
        engine="MergeTree()",
        order_by=["learner_id", "occurred_at", "statement_key"],
        tags=["near_real_time", "touched_set"],
        query_settings={"allow_reorder_prewhere_conditions": 0},
    )
}}

{%- set touched_statements = ref("int_touched_statements") %}

with
    copies as (
        select
            statement_key,
            statement_id,
            learner_id,
            occurred_at,
            activity_id,
            course_id as named_course_id
        from {{ ref("stg_xapi__statements") }}
        where
            statement_key in (select statement_key from {{ touched_statements }})
            and quarantine_reason = ''
    ),

    catalog_items as (
        select activity_id as item_id, course_id as item_course_id
        from {{ ref("int_catalog_items__current") }}
    ),

    final as (
        select
            copies.statement_key as statement_key,
            copies.statement_id as statement_id,
            copies.learner_id as learner_id,
            copies.occurred_at as occurred_at,
            copies.activity_id as activity_id,
            if(
                copies.named_course_id != '',
                copies.named_course_id,
                catalog_items.item_course_id
            ) as course_id
        from copies
        left join catalog_items on copies.activity_id = catalog_items.item_id
    )

select distinct
    statement_key, statement_id, learner_id, occurred_at, activity_id, course_id
from final
