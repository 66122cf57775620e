{{
    config(
        order_by=["learner_id", "occurred_at", "statement_key"],
        tags=["near_real_time", "touched_set"],
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
            parent_activity_id,
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

    activity_courses as (
        select activity_id, course_id, is_only_course, is_uncertain
        from {{ ref("int_activity_courses") }}
    ),

    {#
        Where the statements of an activity count that name no course: the catalogue's word, and the only course of the
        activity. Where the run may change that, in any of its courses or in none.
    #}
    places as (
        select item_id as placed_id, item_course_id as placed_course_id
        from catalog_items
        where item_course_id != ''
        union distinct
        select activity_id as placed_id, course_id as placed_course_id
        from activity_courses
        where is_only_course or is_uncertain
        union distinct
        select activity_id as placed_id, '' as placed_course_id
        from activity_courses
        where is_uncertain
    ),

    final as (
        select
            copies.statement_key as statement_key,
            copies.statement_id as statement_id,
            copies.learner_id as learner_id,
            copies.occurred_at as occurred_at,
            copies.activity_id as activity_id,
            copies.parent_activity_id as parent_activity_id,
            if(
                copies.named_course_id != '',
                copies.named_course_id,
                places.placed_course_id
            ) as course_id
        from copies
        left join places on copies.activity_id = places.placed_id
    )

select distinct
    statement_key,
    statement_id,
    learner_id,
    occurred_at,
    activity_id,
    parent_activity_id,
    course_id
from final
