{{ config(order_by=["source", "verb_iri"], tags=["nightly"]) }}

with
    events as (
        select source, verb_iri, learner_id, occurred_at
        from {{ ref("fct_learning_events") }}
        where verb = 'other'
    ),

    counted as (
        select
            source,
            verb_iri,
            count() as event_count,
            uniqExact(learner_id) as all_learner_count,
            min(occurred_at) as first_seen_at,
            max(occurred_at) as last_seen_at
        from events
        group by source, verb_iri
    ),

    final as (
        select
            source,
            verb_iri,
            event_count,
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
