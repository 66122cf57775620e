{{
    config(
        engine="MergeTree()",
        order_by=["item_key"],
        tags=["near_real_time", "touched_set"],
        query_settings={"allow_reorder_prewhere_conditions": 0},
    )
}}

{#
    Beside the learner's own reports on the item three things decide about an attempt: its session, what the learner
    studied before, and whether the learner answered parts of the item. A session and what was studied before can have
    changed only from the learner's first touched event on.
#}
{%- set timeline = ref("int_touched_timeline") %}

with
    learners as (
        select learner_id as touched_learner_id, min(occurred_at) as first_touched_at
        from {{ timeline }}
        group by learner_id
    ),

    points as (
        select learner_id, activity_id, parent_activity_id
        from {{ ref("int_touched_points") }}
    ),

    later_reports as (
        select learner_id, occurred_at, activity_id
        from {{ ref("int_statements__deduplicated") }}
        where
            learner_id in (select touched_learner_id from learners)
            and occurred_at >= (select min(first_touched_at) from learners)
            and {{ is_attempt() }}
    ),

    final as (
        select learner_id, activity_id as item_id
        from points
        union distinct
        select learner_id, parent_activity_id as item_id
        from points
        where parent_activity_id != ''
        union distinct
        select later_reports.learner_id, later_reports.activity_id as item_id
        from later_reports
        inner join learners on later_reports.learner_id = learners.touched_learner_id
        where later_reports.occurred_at >= learners.first_touched_at
    )

select {{ compact_key(["learner_id", "item_id"]) }} as item_key, learner_id, item_id
from final
