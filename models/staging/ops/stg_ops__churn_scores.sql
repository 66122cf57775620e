{{ config(materialized="view", tags=["weekly", "churn"]) }}

select
    model_version,
    trained_at,
    as_of_at,
    learner_id,
    course_id,
    score,
    status,
    reason,
    top_reasons
from {{ source("ops", "churn_scores") }}
