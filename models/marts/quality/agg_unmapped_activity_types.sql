{{
    config(
        order_by=["source", "activity_type_iri"],
        tags=["nightly"],
    )
}}

with
    events as (
        select source, activity_type_iri, activity_id, learner_id, occurred_at
        from {{ ref("fct_learning_events") }}
        where activity_type = 'other' and activity_type_iri != ''
    ),

    counted as (
        select
            source,
            activity_type_iri,
            count() as event_count,
            uniqExact(activity_id) as activity_count,
            min(activity_id) as example_activity_id,
            uniqExact(learner_id) as all_learner_count,
            min(occurred_at) as first_seen_at,
            max(occurred_at) as last_seen_at
        from events
        group by source, activity_type_iri
    ),

    final as (
        select
            source,
            activity_type_iri,
            event_count,
            activity_count,
            example_activity_id,
            CAST(
                {{ suppressed("all_learner_count", "all_learner_count") }},
                'Nullable(UInt64)'
            ) as learner_count,
            CAST({{ is_suppressed("all_learner_count") }}, 'Bool') as is_suppressed,
            first_seen_at,
            last_seen_at
        from counted
    )

select *
from final
