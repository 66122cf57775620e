{{
    config(
        order_by=["activity_key"],
        tags=["near_real_time", "touched_set"],
    )
}}

{#
    Beside the learner's own reports on an item three things decide about an attempt: its session, what the learner
    studied before, and whether the learner answered parts of the item. A session, what was studied before, and the
    active time of an event can have changed only from the learner's first touched event on.
#}
with
    learners as (
        select learner_id as touched_learner_id, min(occurred_at) as first_touched_at
        from {{ ref("int_touched_timeline") }}
        group by learner_id
    ),

    points as (
        select learner_id, activity_id, parent_activity_id
        from {{ ref("int_touched_points") }}
    ),

    later_events as (
        select learner_id, occurred_at, activity_id
        from {{ ref("int_statements__deduplicated") }}
        where
            learner_id in (select touched_learner_id from learners)
            and occurred_at >= (select min(first_touched_at) from learners)
    ),

    final as (
        select learner_id, activity_id
        from points
        union distinct
        select learner_id, parent_activity_id as activity_id
        from points
        where parent_activity_id != ''
        union distinct
        select
            later_events.learner_id as learner_id,
            later_events.activity_id as activity_id
        from later_events
        inner join learners on later_events.learner_id = learners.touched_learner_id
        where later_events.occurred_at >= learners.first_touched_at
    )

select
    {{ compact_key(["learner_id", "activity_id"]) }} as activity_key,
    learner_id,
    activity_id
from final
