{{
    config(
        materialized="touched",
        replaces="learner_id in (select learner_id from {{ ref('int_touched_learners') }})",
        sampled_by="learner_id",
        order_by=["learner_id", "course_id"],
        tags=["near_real_time"],
    )
}}

{%- set touched_learners = ref("int_touched_learners") %}

select
    learner_id,
    course_id,
    min(occurred_at) as first_event_at,
    max(occurred_at) as last_event_at,
    count() as event_count,
    minIfOrNull(occurred_at, verb = 'registered') as registered_at
from {{ ref("int_statements__deduplicated") }}
{% if is_touched_build() %}
    where learner_id in (select learner_id from {{ touched_learners }})
{% endif %}
group by learner_id, course_id
