{{
    config(
        order_by=["course_id", "learner_id", "contacted_at", "kind"],
        tags=["weekly", "churn"],
    )
}}

select
    learner_id,
    course_id,
    contacted_at,
    kind,
    toBool(CAST(kind, 'String') != 'held_out') as is_contact,
    toDateTime64(toMonday(contacted_at), 3, 'UTC') as as_of_at,
    toBool({{ is_held_out("learner_id", "course_id") }}) as is_held_out
from {{ ref("stg_ops__interventions") }}
